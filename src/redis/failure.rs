use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Why a command answers with an error. Displays as the error reply: a prefix, then the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A key holds a value of another type.
    WrongType,
    /// The user's key patterns do not cover a key.
    NoPermission,
    /// The keys are moving to another node of the cluster.
    TryAgain,
    /// Anything else. The text says what was expected.
    Error(String),
}

/// How many calls were refused by the ACL.
pub static NO_PERMISSION: AtomicU64 = AtomicU64::new(0);
/// How many calls were refused with `TRYAGAIN` while a slot moved.
pub static TRY_AGAIN: AtomicU64 = AtomicU64::new(0);

impl Failure {
    /// An error with the prefix `ERR`.
    pub fn error(reason: impl fmt::Display) -> Self {
        Self::Error(reason.to_string())
    }

    /// Counts the failure if its kind has a counter.
    pub(super) fn count(&self) {
        let counter = match self {
            Self::NoPermission => &NO_PERMISSION,
            Self::TryAgain => &TRY_AGAIN,
            Self::WrongType | Self::Error(_) => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongType => f.write_str("WRONGTYPE Operation against a key holding the wrong kind of value"),
            Self::NoPermission => f.write_str("NOPERM this user has no permissions to access the keys of this object"),
            Self::TryAgain => f.write_str("TRYAGAIN the keys of this object are being moved to another node"),
            Self::Error(reason) => write!(f, "ERR {reason}"),
        }
    }
}
