use super::arguments::Arguments;
use crate::redis::{Call, Command, Failure};
use crate::store::Instance;

/// Removes task records.
///
/// ```text
/// TRACKER.DEL model id [task_id ...]
/// ```
///
/// Removes the named records, or, named none, every record and index of the object. Replies how many live records were
/// removed. O(log n) for each named one, O(n) for the whole object.
pub struct Del;

impl Command for Del {
    const NAME: &'static str = "tracker.del";
    const FLAGS: &'static str = "write";

    fn run(call: &Call<'_>) -> Result<(), Failure> {
        let mut arguments = Arguments::of(call);
        let terms = arguments.terms();
        let instance = Instance::new(call, &arguments.object()?);
        let task_ids = arguments.task_ids()?;
        let removed = match task_ids.as_slice() {
            [] => instance.delete_all(&terms)?,
            task_ids => instance.delete(task_ids, &terms)?,
        };
        call.reply().count(removed);
        Ok(())
    }
}
