use crate::model::FieldName;
use crate::redis::Text;

/// A checked argument of a call together with the server's own string of it, which needs no copy to be passed on.
#[derive(Clone, Copy)]
pub struct Given<'a, T> {
    /// What it means.
    pub value: T,
    /// What it is made of.
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
