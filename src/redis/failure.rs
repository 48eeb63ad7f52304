use std::fmt;

/// Why a command answers with an error. Displays as the error reply: a prefix, then the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A key holds another type than the command keeps there.
    WrongType,
    /// Anything else, with what the caller can do about it.
    Error(String),
}

impl Failure {
    /// An error with the prefix `ERR`.
    pub fn error(reason: impl fmt::Display) -> Self {
        Self::Error(reason.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongType => f.write_str("WRONGTYPE Operation against a key holding the wrong kind of value"),
            Self::Error(reason) => write!(f, "ERR {reason}"),
        }
    }
}
