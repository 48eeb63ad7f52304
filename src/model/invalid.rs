use std::borrow::Cow;
use std::fmt;

/// An argument that is not what it has to be. Displays as `<argument> must be <expected>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    argument: Cow<'static, str>,
    expected: Cow<'static, str>,
}

impl Invalid {
    /// Names the argument as the command's documentation does, and what it should have been.
    pub fn new(argument: impl Into<Cow<'static, str>>, expected: impl Into<Cow<'static, str>>) -> Self {
        Self { argument: argument.into(), expected: expected.into() }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} must be {}", self.argument, self.expected)
    }
}
