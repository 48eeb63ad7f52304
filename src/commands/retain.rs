use super::arguments::Arguments;
use super::syntax::{ID, MODEL, SINCE, TASK_ID};
use crate::redis::{Argument, Call, Command, Documentation, Failure, Keys};
use crate::store::Instance;

/// Gives one task record a retention of its own.
///
/// ```text
/// TRACKER.RETAIN model id task_id seconds
/// ```
///
/// The record expires that many seconds from now, and each later update starts the time anew. Replies 1, or 0 if there is
/// no live record. O(log n) for n records of the object.
pub struct Retain;

impl Command for Retain {
    const NAME: &'static str = "tracker.retain";
    const FLAGS: &'static str = "write deny-oom";
    const DOCUMENTATION: Documentation = Documentation {
        summary: c"Gives one task record a retention of its own, counted from now.",
        complexity: c"O(log(N)) with N being the number of records of the object.",
        since: SINCE,
        // At least five words: a replicated call has its terms as one argument more.
        arity: -5,
        keys: Some(Keys::Write),
        arguments: &[MODEL, ID, TASK_ID, Argument::integer(c"seconds")],
    };

    fn run(call: &Call<'_>) -> Result<(), Failure> {
        let mut arguments = Arguments::of(call);
        let terms = arguments.terms();
        let object = arguments.object()?;
        let task_id = arguments.task_id()?;
        let seconds = arguments.seconds("seconds", 1)?;
        arguments.end()?;
        let is_there = Instance::of(call, &object)?.retain(task_id, seconds, &terms)?;
        call.reply().integer(i64::from(is_there));
        Ok(())
    }
}
