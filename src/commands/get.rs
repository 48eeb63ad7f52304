use super::arguments::{once, Arguments};
use super::row;
use super::syntax::{FIELDS_TO_READ, ID, MODEL, SINCE, TASK_ID};
use crate::redis::{Call, Command, Documentation, Failure, Keys};
use crate::store::{Columns, Instance};

/// Reads one task record.
///
/// ```text
/// TRACKER.GET model id task_id [FIELDS numfields field ...]
/// ```
///
/// Replies a map of the record's fields, or of the named ones that it has, each value whole. Nil if there is no live record.
/// Times are unix milliseconds. O(fields).
pub struct Get;

impl Command for Get {
    const NAME: &'static str = "tracker.get";
    const FLAGS: &'static str = "readonly";
    const DOCUMENTATION: Documentation = Documentation {
        summary: c"Reads one task record.",
        complexity: c"O(F) with F being the number of fields read.",
        since: SINCE,
        arity: -4,
        keys: Some(Keys::Read),
        arguments: &[MODEL, ID, TASK_ID, FIELDS_TO_READ],
    };

    fn run(call: &Call<'_>) -> Result<(), Failure> {
        let mut arguments = Arguments::of(call);
        let object = arguments.object()?;
        let task_id = arguments.task_id()?;
        let mut fields = None;
        while let Some(option) = arguments.option() {
            match option.upper() {
                b"FIELDS" => once(&mut fields, "FIELDS", arguments.fields_to_read()?)?,
                _ => return Err(option.unexpected("FIELDS")),
            }
        }
        let columns = fields.map_or(Columns::All, Columns::Named);
        match Instance::of(call, &object)?.record(task_id, &columns, arguments.terms().now)? {
            Some(record) => row::reply(&call.reply(), &record),
            None => call.reply().null(),
        }
        Ok(())
    }
}
