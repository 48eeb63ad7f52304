use super::arguments::Arguments;
use super::syntax::{ID, MODEL, SINCE};
use crate::redis::{Argument, Call, Command, Documentation, Failure, Keys};
use crate::store::Instance;

/// Ends the retention of an object's records.
///
/// ```text
/// TRACKER.EXPIRE model id [seconds]
/// ```
///
/// Without `seconds`, removes every record whose retention has ended. With `seconds`, every record of the object expires
/// that long after its last update, and records past that are removed at once. Replies how many were removed.
/// O(states + names) for each removed record, and O(n log n) with `seconds`.
pub struct Expire;

impl Command for Expire {
    const NAME: &'static str = "tracker.expire";
    const FLAGS: &'static str = "write";
    const DOCUMENTATION: Documentation = Documentation {
        summary: c"Removes the task records whose retention has ended, or sets the end of all of an object's.",
        complexity:
            c"O(S+T) for each record removed, with S being the number of states and T that of task names of the \
            object; with seconds also O(N*log(N)), with N being the number of records.",
        since: SINCE,
        arity: -3,
        keys: Some(Keys::Write),
        arguments: &[MODEL, ID, Argument::integer(c"seconds").optional()],
    };

    fn run(call: &Call<'_>) -> Result<(), Failure> {
        let mut arguments = Arguments::of(call);
        let terms = arguments.terms();
        let object = arguments.object()?;
        let seconds = (!arguments.is_empty()).then(|| arguments.seconds("seconds", 0)).transpose()?;
        arguments.end()?;
        let instance = Instance::of(call, &object)?;
        let removed = match seconds {
            None => instance.expire(&terms)?,
            Some(seconds) => instance.expire_after(seconds, &terms)?,
        };
        call.reply().count(removed);
        Ok(())
    }
}
