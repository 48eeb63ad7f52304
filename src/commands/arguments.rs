use std::ops::RangeInclusive;

use crate::model::{number, FieldName, Invalid, Limits, Object, Seconds, State, TaskId, Terms, Time};
use crate::redis::{Call, Failure, Text};
use crate::settings::SETTINGS;
use crate::store::{Given, GivenField};

/// Reads the arguments of a call one by one.
pub(super) struct Arguments<'a> {
    rest: &'a [Text<'a>],
    terms: Terms,
    limits: Limits,
}

impl<'a> Arguments<'a> {
    /// The arguments of the call. A replicated call has one argument more: the terms that the primary ran it under.
    pub(super) fn of(call: &'a Call<'_>) -> Self {
        let (arguments, limits) = (call.arguments(), SETTINGS.limits());
        if call.is_replayed() {
            if let Some((Some(terms), rest)) =
                arguments.split_last().map(|(last, rest)| (Terms::parse(last.as_bytes()), rest))
            {
                return Self { rest, terms, limits };
            }
        }
        let now = Time::from_millis(call.clock()).unwrap_or(Time::MAX);
        Self { rest: arguments, terms: Terms::new(now, &limits), limits }
    }

    /// The clock and the limits of writes.
    pub(super) fn terms(&self) -> Terms {
        self.terms
    }

    /// The limits of reads.
    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// `model id`.
    pub(super) fn object(&mut self) -> Result<Object<'a>, Failure> {
        let model = self.required("model")?;
        let id = self.required("id")?;
        Object::new(model, id).map_err(Failure::error)
    }

    /// `task_id`.
    pub(super) fn task_id(&mut self) -> Result<TaskId<'a>, Failure> {
        TaskId::new(self.required("task_id")?).map_err(Failure::error)
    }

    /// `task_id`, with the server's own string of it.
    pub(super) fn given_task_id(&mut self) -> Result<Given<'a, TaskId<'a>>, Failure> {
        self.given("task_id", TaskId::new)
    }

    /// `task_id …`, to the end.
    pub(super) fn task_ids(&mut self) -> Result<Vec<TaskId<'a>>, Failure> {
        std::mem::take(&mut self.rest).iter().map(|id| TaskId::new(id.as_bytes()).map_err(Failure::error)).collect()
    }

    /// Whether all arguments have been read.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next argument as the name of an option, or `None` at the end.
    pub(super) fn option(&mut self) -> Option<OptionName<'a>> {
        self.next().map(|text| OptionName::new(text.as_bytes()))
    }

    fn next(&mut self) -> Option<Text<'a>> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Fails if there is another argument.
    pub(super) fn end(&mut self) -> Result<(), Failure> {
        match self.next() {
            None => Ok(()),
            Some(argument) => Err(unexpected(argument.as_bytes(), format_args!(""))),
        }
    }

    /// The next argument. Fails if there is none.
    pub(super) fn required(&mut self, argument: &'static str) -> Result<&'a [u8], Failure> {
        self.text(argument).map(Text::as_bytes)
    }

    fn text(&mut self, argument: &'static str) -> Result<Text<'a>, Failure> {
        self.next().ok_or_else(|| Failure::error(format_args!("wrong number of arguments: {argument} is missing")))
    }

    fn given<T>(
        &mut self,
        argument: &'static str,
        check: impl FnOnce(&'a [u8]) -> Result<T, Invalid>,
    ) -> Result<Given<'a, T>, Failure> {
        let text = self.text(argument)?;
        Ok(Given { value: check(text.as_bytes()).map_err(Failure::error)?, text })
    }

    /// The value of `STATE`.
    pub(super) fn state(&mut self) -> Result<State, Failure> {
        let value = self.required("STATE")?;
        State::parse(value).ok_or_else(|| {
            let names = State::ALL.map(State::name).join(", ");
            Failure::error(Invalid::new("STATE", format!("one of {names}")))
        })
    }

    /// The value of an option: a time. One in the future is read as now.
    pub(super) fn time(&mut self, option: &'static str) -> Result<Time, Failure> {
        let time = Time::parse(option, self.required(option)?).map_err(Failure::error)?;
        Ok(time.min(self.terms.now))
    }

    /// The value of an option: a span of whole seconds, `least` or more.
    pub(super) fn seconds(&mut self, option: &'static str, least: u32) -> Result<Seconds, Failure> {
        let seconds = self.number(option, u64::from(least)..=u64::from(Seconds::MAX))?;
        Ok(u32::try_from(seconds).ok().and_then(Seconds::new).expect("the range is that of Seconds"))
    }

    /// The value of an option: a whole number in the range.
    pub(super) fn number(&mut self, option: &'static str, range: RangeInclusive<u64>) -> Result<u64, Failure> {
        number::<u64>(self.required(option)?).filter(|number| range.contains(number)).ok_or_else(|| {
            let expected = format!("a whole number from {} to {}", range.start(), range.end());
            Failure::error(Invalid::new(option, expected))
        })
    }

    /// The value of an option: one of two words, in upper or lower case.
    pub(super) fn choice<T>(
        &mut self,
        option: &'static str,
        [first, second]: [(&'static str, T); 2],
    ) -> Result<T, Failure> {
        let value = self.required(option)?;
        let expected = format!("{} or {}", first.0, second.0);
        let mut choices = [first, second].into_iter();
        let chosen = choices.find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(value));
        chosen.map(|(_, choice)| choice).ok_or_else(|| Failure::error(Invalid::new(option, expected)))
    }

    /// `numfields field …`, after `FIELDS`: the fields to read, none of them twice.
    pub(super) fn fields_to_read(&mut self) -> Result<Vec<Given<'a, FieldName<'a>>>, Failure> {
        let count = self.field_count()?;
        let mut fields = Vec::<Given<'_, FieldName<'_>>>::with_capacity(count);
        for _ in 0..count {
            let field = self.given("FIELDS field", FieldName::readable)?;
            if !fields.iter().any(|other| other.value == field.value) {
                fields.push(field);
            }
        }
        Ok(fields)
    }

    /// `numfields field value …`, after `FIELDS`: fields to store.
    pub(super) fn fields_to_store(&mut self) -> Result<Vec<GivenField<'a>>, Failure> {
        let count = self.field_count()?;
        let mut fields = Vec::with_capacity(count);
        for _ in 0..count {
            let name = self.given("FIELDS field", FieldName::given)?;
            fields.push(GivenField { name, value: self.text("FIELDS value")? });
        }
        Ok(fields)
    }

    fn field_count(&mut self) -> Result<usize, Failure> {
        let count = self.number("FIELDS numfields", 1..=Limits::MAX_FIELDS as u64)?;
        Ok(usize::try_from(count).unwrap_or(Limits::MAX_FIELDS))
    }
}

const LONGEST_OPTION: usize = "WITHCOUNTS".len();

/// The name of an option as it was given, in upper or lower case.
pub(super) struct OptionName<'a> {
    given: &'a [u8],
    upper: [u8; LONGEST_OPTION],
}

impl<'a> OptionName<'a> {
    fn new(given: &'a [u8]) -> Self {
        let mut upper = [0; LONGEST_OPTION];
        for (upper, byte) in upper.iter_mut().zip(given) {
            *upper = byte.to_ascii_uppercase();
        }
        Self { given, upper }
    }

    /// In upper case, unless it is longer than any option.
    pub(super) fn upper(&self) -> &[u8] {
        self.upper.get(..self.given.len()).unwrap_or(self.given)
    }

    /// The error if the command has no option of that name.
    pub(super) fn unexpected(&self, options: &'static str) -> Failure {
        unexpected(self.given, format_args!(": the options are {options}"))
    }
}

/// The error for an argument that the command does not have. Names the module's version, because the client may be
/// written for another one.
fn unexpected(argument: &[u8], expected: std::fmt::Arguments<'_>) -> Failure {
    let version = env!("CARGO_PKG_VERSION");
    Failure::error(format_args!("unexpected argument '{}'{expected} (tracker module {version})", shown(argument)))
}

/// Sets an option, which may be given once.
pub(super) fn once<T>(slot: &mut Option<T>, option: &'static str, value: T) -> Result<(), Failure> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Failure::error(format_args!("{option} is given twice"))),
    }
}

/// The beginning of an argument, escaped for an error reply.
fn shown(argument: &[u8]) -> impl std::fmt::Display + '_ {
    argument[..argument.len().min(48)].escape_ascii()
}
