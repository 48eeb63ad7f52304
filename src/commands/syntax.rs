//! Arguments that several commands share, as the server documents them.

use crate::redis::Argument;

pub(super) const MODEL: Argument = Argument::text(c"model");
pub(super) const ID: Argument = Argument::text(c"id");
pub(super) const TASK_ID: Argument = Argument::text(c"task_id");
pub(super) const STATE: Argument = Argument::text(c"state").after(c"STATE");
pub(super) const FIELDS_TO_READ: Argument =
    Argument::block(c"fields", &[Argument::integer(c"numfields"), Argument::text(c"field").many()])
        .after(c"FIELDS")
        .optional();
pub(super) const FORMAT: Argument =
    Argument::one_of(c"format", &[Argument::word(c"resp", c"RESP"), Argument::word(c"json", c"JSON")])
        .after(c"FORMAT")
        .optional();

/// The version of the module that first had these commands.
pub(super) const SINCE: &std::ffi::CStr = c"0.1.0";
