use super::arguments::{once, Arguments};
use super::syntax::{ID, MODEL, SINCE, STATE, TASK_ID};
use crate::model::{Condition, Event, Invalid, TaskName};
use crate::redis::{Argument, Call, Command, Documentation, Failure, Keys};
use crate::store::{Instance, Update};

const OPTIONS: &str = "STATE, NAME, ATTEMPT, AT, RETAIN, NX, XX, RERUN and FIELDS";

/// Creates or updates one task record, and all indexes of its object with it.
///
/// ```text
/// TRACKER.UPSERT model id task_id [STATE state] [NAME task_name] [ATTEMPT n] [AT time] [RETAIN seconds]
///                [NX | XX] [RERUN] [FIELDS numfields field value [field value ...]]
/// ```
///
/// An update never simply overwrites: which one prevails is said by the transition rule, and `STALE` says that the
/// record had got further already. A new record needs `STATE` and `NAME`. Without `STATE` only fields are set. An empty
/// value removes its field. The record then lives for `RETAIN` seconds, else for its own retention, else for the
/// retention window.
///
/// Replies `CREATED`, `UPDATED` or `STALE`; nil where `NX` or `XX` forbids it. O(log n) for n records of the object.
pub struct Upsert;

impl Command for Upsert {
    const NAME: &'static str = "tracker.upsert";
    const FLAGS: &'static str = "write deny-oom";
    const DOCUMENTATION: Documentation = Documentation {
        summary: c"Creates or updates one task record by the transition rule, and all indexes of its object with it.",
        complexity: c"O(log(N)+F) with N being the number of records of the object and F that of fields given, and \
            O(S+T) for each record that leaves because its retention has ended, 100 at the most, with S being the number \
            of states and T that of task names of the object.",
        since: SINCE,
        arity: -4,
        keys: Some(Keys::Write),
        arguments: &[
            MODEL,
            ID,
            TASK_ID,
            STATE.optional(),
            Argument::text(c"task_name").after(c"NAME").optional(),
            Argument::integer(c"n").after(c"ATTEMPT").optional(),
            Argument::text(c"time").after(c"AT").optional(),
            Argument::integer(c"seconds").after(c"RETAIN").optional(),
            Argument::one_of(c"condition", &[Argument::word(c"nx", c"NX"), Argument::word(c"xx", c"XX")]).optional(),
            Argument::word(c"rerun", c"RERUN").optional(),
            Argument::block(
                c"fields",
                &[
                    Argument::integer(c"numfields"),
                    Argument::block(c"pair", &[Argument::text(c"field"), Argument::text(c"value")]).many(),
                ],
            )
            .after(c"FIELDS")
            .optional(),
        ],
    };

    fn run(call: &Call<'_>) -> Result<(), Failure> {
        let mut arguments = Arguments::of(call);
        let terms = arguments.terms();
        let object = arguments.object()?;
        let update = parse(&mut arguments)?;
        match Instance::of(call, &object)?.update(&update, &terms)? {
            Some(outcome) => call.reply().status(outcome.name()),
            None => call.reply().null(),
        }
        Ok(())
    }
}

fn parse<'a>(arguments: &mut Arguments<'a>) -> Result<Update<'a>, Failure> {
    let task_id = arguments.given_task_id()?;
    let (mut state, mut name, mut attempt, mut at, mut retention) = (None, None, None, None, None);
    let (mut condition, mut rerun, mut fields) = (None, None, None);
    while let Some(option) = arguments.option() {
        match option.upper() {
            b"STATE" => once(&mut state, "STATE", arguments.state()?)?,
            b"NAME" => {
                let value = TaskName::new("NAME", arguments.required("NAME")?).map_err(Failure::error)?;
                once(&mut name, "NAME", value)?;
            }
            b"ATTEMPT" => once(&mut attempt, "ATTEMPT", arguments.number("ATTEMPT", 0..=u64::from(u32::MAX))?)?,
            b"AT" => once(&mut at, "AT", arguments.time("AT")?)?,
            b"RETAIN" => once(&mut retention, "RETAIN", arguments.seconds("RETAIN", 1)?)?,
            b"NX" => once(&mut condition, "NX or XX", Condition::Missing)?,
            b"XX" => once(&mut condition, "NX or XX", Condition::Present)?,
            b"RERUN" => once(&mut rerun, "RERUN", true)?,
            b"FIELDS" => once(&mut fields, "FIELDS", arguments.fields_to_store()?)?,
            _ => return Err(option.unexpected(OPTIONS)),
        }
    }
    if rerun.is_some() && state.is_none() {
        return Err(Failure::error(Invalid::new("STATE", "given with RERUN")));
    }
    Ok(Update {
        task_id,
        event: Event {
            state,
            name,
            attempt: attempt.map(|attempt| u32::try_from(attempt).expect("the range is that of u32")),
            at: at.unwrap_or(arguments.terms().now),
            retention,
            rerun: rerun.unwrap_or(false),
        },
        fields: fields.unwrap_or_default(),
        condition: condition.unwrap_or_default(),
    })
}
