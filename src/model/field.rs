use super::Invalid;

/// A field of a record that the module keeps itself; a client cannot give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The task id.
    Id,
    /// The task's name.
    Name,
    /// The state of the attempt shown.
    State,
    /// The attempt shown, 0 for the first run.
    Attempt,
    /// The earliest event of the run shown.
    CreatedAt,
    /// The latest event of the attempt shown.
    UpdatedAt,
    /// When the attempt was published (`PENDING`).
    PublishedAt,
    /// When a worker received it (`RECEIVED`).
    ReceivedAt,
    /// When it began to run (`STARTED`).
    StartedAt,
    /// When it reached its final state.
    FinishedAt,
    /// The run shown, as the moment at which its message was first published.
    Run,
    /// The record's own retention in seconds, if it has one.
    Retention,
    /// 1 if the final state was reported by another process than the one that ran the task.
    Tentative,
}

impl Kept {
    /// Every kept field, in the order of replies.
    pub const ALL: [Self; 13] = [
        Self::Id,
        Self::Name,
        Self::State,
        Self::Attempt,
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::PublishedAt,
        Self::ReceivedAt,
        Self::StartedAt,
        Self::FinishedAt,
        Self::Run,
        Self::Retention,
        Self::Tentative,
    ];

    /// The name of the field in the hash and in replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::State => "state",
            Self::Attempt => "attempt",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::PublishedAt => "published_at",
            Self::ReceivedAt => "received_at",
            Self::StartedAt => "started_at",
            Self::FinishedAt => "finished_at",
            Self::Run => "run",
            Self::Retention => "retention",
            Self::Tentative => "tentative",
        }
    }

    /// The kept field of that name.
    pub fn parse(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"id" => Self::Id,
            b"name" => Self::Name,
            b"state" => Self::State,
            b"attempt" => Self::Attempt,
            b"created_at" => Self::CreatedAt,
            b"updated_at" => Self::UpdatedAt,
            b"published_at" => Self::PublishedAt,
            b"received_at" => Self::ReceivedAt,
            b"started_at" => Self::StartedAt,
            b"finished_at" => Self::FinishedAt,
            b"run" => Self::Run,
            b"retention" => Self::Retention,
            b"tentative" => Self::Tentative,
            _ => return None,
        })
    }
}

/// What the text of a stored field stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Itself.
    Text,
    /// A whole number.
    Integer,
    /// A moment in unix milliseconds.
    Time,
    /// JSON, as the Django package gives it.
    Json,
}

impl Kind {
    /// What the field of that name holds.
    pub fn of(field: &[u8]) -> Self {
        match Kept::parse(field) {
            Some(Kept::Attempt | Kept::Retention | Kept::Tentative) => Self::Integer,
            Some(Kept::Id | Kept::Name | Kept::State) => Self::Text,
            Some(_) => Self::Time,
            None if FullLength::is_name(field) => Self::Integer,
            None if matches!(field, b"objects" | b"args" | b"kwargs" | b"progress") => Self::Json,
            None => Self::Text,
        }
    }
}

/// The name of a record's field: `[a-z0-9_]{1,64}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldName<'a>(&'a [u8]);

impl<'a> FieldName<'a> {
    /// The longest name, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// A name that a client wants to read: any field, the module's own ([`Kept`], `<field>_bytes`) included.
    pub fn readable(bytes: &'a [u8]) -> Result<Self, Invalid> {
        let longest = Self::MAX_BYTES + FullLength::SUFFIX.len();
        Self::of(bytes, longest).ok_or_else(|| Invalid::new("FIELDS field", "a field's name, of a-z, 0-9 and '_'"))
    }

    /// A name that a client may give a value for: none of the module's own.
    pub fn given(bytes: &'a [u8]) -> Result<Self, Invalid> {
        Self::of(bytes, Self::MAX_BYTES)
            .filter(|name| Kept::parse(name.0).is_none() && !FullLength::is_name(name.0))
            .ok_or_else(|| {
                Invalid::new(
                    "FIELDS field",
                    "1 to 64 bytes of a-z, 0-9 and '_', and none of the fields that the tracker keeps itself: \
                     id, name, state, attempt, run, retention, tentative, *_at of a record and *_bytes",
                )
            })
    }

    /// The fields that describe how an attempt ended. They belong together: those of two ends are never mixed.
    pub const END: [Self; 4] = [Self(b"error"), Self(b"exception"), Self(b"traceback"), Self(b"result")];

    /// Whether a field describes one attempt (`attempt_<n>`, or its full length). Such a field stays when the next attempt
    /// begins.
    pub fn is_of_attempt(field: &[u8]) -> bool {
        let number = FullLength::field(field).strip_prefix(b"attempt_").unwrap_or_default();
        !number.is_empty() && number.iter().all(u8::is_ascii_digit)
    }

    fn of(bytes: &'a [u8], longest: usize) -> Option<Self> {
        let allowed = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_';
        ((1..=longest).contains(&bytes.len()) && bytes.iter().all(allowed)).then_some(Self(bytes))
    }

    /// The name, which is ASCII.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

/// `<field>_bytes`, the field that holds how long a value was before it was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FullLength<'a>(pub FieldName<'a>);

impl FullLength<'_> {
    const SUFFIX: &'static str = "_bytes";

    /// The name of the field.
    pub fn name(self) -> Vec<u8> {
        [self.0.as_bytes(), Self::SUFFIX.as_bytes()].concat()
    }

    /// Whether a field of that name holds a full length.
    pub fn is_name(field: &[u8]) -> bool {
        field.ends_with(Self::SUFFIX.as_bytes())
    }

    /// The field that a full length of that name is about; any other name as it is.
    pub fn field(name: &[u8]) -> &[u8] {
        name.strip_suffix(Self::SUFFIX.as_bytes()).unwrap_or(name)
    }
}

/// What is stored of a value that a client gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// Nothing: an empty value removes the field.
    Removed,
    /// All of it.
    Whole(&'a [u8]),
    /// Its beginning, since it was longer than a value may be.
    Cut {
        /// What is stored.
        head: &'a [u8],
        /// How many bytes were given.
        full_length: usize,
    },
}

impl<'a> Value<'a> {
    /// Cuts what is longer than `max` bytes; UTF-8 is cut between characters.
    pub fn new(bytes: &'a [u8], max: usize) -> Self {
        if bytes.is_empty() {
            return Self::Removed;
        }
        if bytes.len() <= max {
            return Self::Whole(bytes);
        }
        let is_boundary = |&at: &usize| bytes[at] & 0b1100_0000 != 0b1000_0000;
        let end = (max.saturating_sub(3)..=max).rev().find(is_boundary).unwrap_or(max);
        Self::Cut { head: &bytes[..end], full_length: bytes.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_field_is_read_by_its_name() {
        for kept in Kept::ALL {
            assert_eq!(Kept::parse(kept.name().as_bytes()), Some(kept));
        }
        assert_eq!(Kept::parse(b"worker"), None);
    }

    #[test]
    fn a_client_may_not_give_what_the_tracker_keeps() {
        for name in Kept::ALL.map(Kept::name).into_iter().chain(["result_bytes", "_bytes"]) {
            assert!(FieldName::given(name.as_bytes()).is_err(), "{name}");
            assert!(FieldName::readable(name.as_bytes()).is_ok(), "{name}");
        }
        for name in ["worker", "a", "0_9", "f".repeat(64).as_str(), "bytes"] {
            assert!(FieldName::given(name.as_bytes()).is_ok(), "{name}");
        }
    }

    #[test]
    fn field_names_are_lower_case_words_of_up_to_64_bytes() {
        for name in [&b""[..], b"Worker", b"a-b", b"a\0", b"\xff", &[b'f'; 65]] {
            assert!(FieldName::given(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn what_tells_of_one_attempt_is_known_by_its_number() {
        for field in [&b"attempt_0"[..], b"attempt_17", b"attempt_0_bytes"] {
            assert!(FieldName::is_of_attempt(field));
        }
        for field in [&b"attempt"[..], b"attempt_", b"attempt__bytes", b"attempt_1x", b"attempts_1", b"my_attempt_1"] {
            assert!(!FieldName::is_of_attempt(field));
        }
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        assert_eq!(Value::new(b"", 4), Value::Removed);
        assert_eq!(Value::new(b"four", 4), Value::Whole(b"four"));
        assert_eq!(Value::new("abcé".as_bytes(), 4), Value::Cut { head: b"abc", full_length: 5 });
        assert_eq!(Value::new("é".as_bytes(), 1), Value::Cut { head: b"", full_length: 2 });
        assert_eq!(Value::new("ab😀".as_bytes(), 5), Value::Cut { head: b"ab", full_length: 6 });
    }

    #[test]
    fn bytes_that_are_no_text_are_cut_at_the_limit() {
        assert_eq!(Value::new(&[0x80; 9], 5), Value::Cut { head: &[0x80; 5], full_length: 9 });
    }
}
