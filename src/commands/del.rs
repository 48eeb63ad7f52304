use super::arguments::Arguments;
use super::syntax::{ID, MODEL, SINCE, TASK_ID};
use crate::redis::{Call, Command, Documentation, Failure, Keys};
use crate::store::Instance;

/// Removes task records.
///
/// ```text
/// TRACKER.DEL model id [task_id ...]
/// ```
///
/// Without ids, removes every record and index of the object. For one retention window it then refuses events of runs
/// that were published before the deletion. With ids, removes those records only.
///
/// Replies how many live records were removed. O(log n) for each id, O(n) for the whole object.
pub struct Del;

impl Command for Del {
    const NAME: &'static str = "tracker.del";
    const FLAGS: &'static str = "write";
    const DOCUMENTATION: Documentation = Documentation {
        summary: c"Removes task records, or every record and index of an object.",
        complexity: c"O(log(N)) for each named record, with N being the number of records of the object; O(N) for the \
            whole object.",
        since: SINCE,
        arity: -3,
        keys: Some(Keys::Write),
        arguments: &[MODEL, ID, TASK_ID.any_number()],
    };

    fn run(call: &Call<'_>) -> Result<(), Failure> {
        let mut arguments = Arguments::of(call);
        let terms = arguments.terms();
        let object = arguments.object()?;
        let task_ids = arguments.task_ids()?;
        let instance = Instance::of(call, &object)?;
        let removed = match task_ids.as_slice() {
            [] => instance.delete_all(&terms)?,
            task_ids => instance.delete(task_ids, &terms)?,
        };
        call.reply().count(removed);
        Ok(())
    }
}
