use super::arguments::{once, Arguments};
use super::syntax::{ID, MODEL, SINCE, STATE, TASK_ID};
use crate::model::{Condition, Event, Invalid, State, TaskName, Time};
use crate::redis::{Argument, Call, Command, Documentation, Failure, Keys};
use crate::store::{Instance, Update};

const OPTIONS: &str = "STATE, NAME, RUN, ATTEMPT, AT, RETAIN, TENTATIVE, NX, XX and FIELDS";

/// Creates or updates one task record, and all indexes of its object with it.
///
/// ```text
/// TRACKER.UPSERT model id task_id [STATE state] [NAME task_name] [RUN time] [ATTEMPT n] [AT time]
///                [RETAIN seconds] [TENTATIVE] [NX | XX] [FIELDS numfields field value [field value ...]]
/// ```
///
/// The transition rule decides which of two events prevails. A new record needs `STATE` and `NAME`. Without `STATE` only
/// fields are set. An empty value removes its field. `RUN` is the moment at which the task's message was first published:
/// two runs of one task id are never mixed. `TENTATIVE` marks a final state that the task's own end may still replace.
///
/// The record then lives for `RETAIN` seconds, else for its own retention, else for the retention window. The time counts
/// from now, or from the field `eta` if that is later and the task has not started.
///
/// Replies `CREATED` or `UPDATED`; `STALE` if the record had already got further; `GONE` if the object was deleted
/// after the run was published; nil if `NX` or `XX` forbids the update. O(log n) for n records of the object.
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
            Argument::text(c"time").after(c"RUN").optional(),
            Argument::integer(c"n").after(c"ATTEMPT").optional(),
            Argument::text(c"time").after(c"AT").optional(),
            Argument::integer(c"seconds").after(c"RETAIN").optional(),
            Argument::word(c"tentative", c"TENTATIVE").optional(),
            Argument::one_of(c"condition", &[Argument::word(c"nx", c"NX"), Argument::word(c"xx", c"XX")]).optional(),
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
    let (mut state, mut name, mut run, mut attempt, mut at) = (None, None, None, None, None);
    let (mut retention, mut tentative, mut condition, mut fields) = (None, None, None, None);
    while let Some(option) = arguments.option() {
        match option.upper() {
            b"STATE" => once(&mut state, "STATE", arguments.state()?)?,
            b"NAME" => {
                let value = TaskName::new("NAME", arguments.required("NAME")?).map_err(Failure::error)?;
                once(&mut name, "NAME", value)?;
            }
            b"RUN" => {
                let value = Time::parse("RUN", arguments.required("RUN")?).map_err(Failure::error)?;
                once(&mut run, "RUN", value)?;
            }
            b"ATTEMPT" => once(&mut attempt, "ATTEMPT", arguments.number("ATTEMPT", 0..=u64::from(u32::MAX))?)?,
            b"AT" => once(&mut at, "AT", arguments.time("AT")?)?,
            b"RETAIN" => once(&mut retention, "RETAIN", arguments.seconds("RETAIN", 1)?)?,
            b"TENTATIVE" => once(&mut tentative, "TENTATIVE", true)?,
            b"NX" => once(&mut condition, "NX or XX", Condition::Missing)?,
            b"XX" => once(&mut condition, "NX or XX", Condition::Present)?,
            b"FIELDS" => once(&mut fields, "FIELDS", arguments.fields_to_store()?)?,
            _ => return Err(option.unexpected(OPTIONS)),
        }
    }
    if tentative.is_some() && !state.is_some_and(State::is_final) {
        return Err(Failure::error(Invalid::new("STATE", "final where TENTATIVE is given")));
    }
    Ok(Update {
        task_id,
        event: Event {
            state,
            name,
            run,
            attempt: attempt.map(|attempt| u32::try_from(attempt).expect("the range is that of u32")),
            at,
            now: arguments.terms().now,
            retention,
            tentative: tentative.unwrap_or(false),
        },
        fields: fields.unwrap_or_default(),
        condition: condition.unwrap_or_default(),
    })
}
