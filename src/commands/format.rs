use super::arguments::Arguments;
use crate::redis::Failure;

/// The form of a reply.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Format {
    /// RESP, with times in unix milliseconds.
    #[default]
    Resp,
    /// JSON text, with times in RFC 3339.
    Json,
}

impl Format {
    /// The value of `FORMAT`.
    pub(super) fn parse(arguments: &mut Arguments<'_>) -> Result<Self, Failure> {
        arguments.choice("FORMAT", [("RESP", Self::Resp), ("JSON", Self::Json)])
    }
}
