use crate::model::FieldName;
use crate::redis::Text;

/// A checked argument of a call, with the server's own string of it. That string is passed back to the server without a
/// copy.
#[derive(Clone, Copy)]
pub struct Given<'a, T> {
    /// The checked value.
    pub value: T,
    /// The argument as the server holds it.
    pub text: Text<'a>,
}

/// A field of a record that a client gives a value for.
#[derive(Clone, Copy)]
pub struct GivenField<'a> {
    /// Its name.
    pub name: Given<'a, FieldName<'a>>,
    /// Its value.
    pub value: Text<'a>,
}
