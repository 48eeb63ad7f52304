use super::arguments::{unexpected, Arguments};
use crate::redis::{Call, Command, Failure};
use crate::store::Instance;

/// Ends the retention of an object's records.
///
/// ```text
/// TRACKER.EXPIRE model id [seconds]
/// ```
///
/// Without `seconds`: removes every record whose retention has ended. With it: every record of the object now ends that
/// long after its last update, and what is past is removed. Replies how many were removed. O(log n) for each removed
/// one, O(n log n) with `seconds`.
pub struct Expire;

impl Command for Expire {
    const NAME: &'static str = "tracker.expire";
    const FLAGS: &'static str = "write";

    fn run(call: &Call<'_>) -> Result<(), Failure> {
        let mut arguments = Arguments::of(call);
        let terms = arguments.terms();
        let instance = Instance::new(call, &arguments.object()?);
        let seconds = (!arguments.is_empty()).then(|| arguments.seconds("seconds", 0)).transpose()?;
        if let Some(argument) = arguments.next() {
            return Err(unexpected(argument, "seconds"));
        }
        let removed = match seconds {
            None => instance.expire(&terms)?,
            Some(seconds) => instance.expire_after(seconds, &terms)?,
        };
        call.reply().count(removed);
        Ok(())
    }
}
