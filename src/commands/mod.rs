//! One file per command: its arguments as a typed request, what it does with them, and its reply.

mod arguments;
mod del;
mod expire;
mod format;
mod get;
mod help;
mod query;
mod retain;
mod row;
mod stats;
mod syntax;
mod upsert;

use crate::redis::Entry;

/// Every command of the module.
pub const COMMANDS: [Entry; 8] = [
    Entry::of::<upsert::Upsert>(),
    Entry::of::<get::Get>(),
    Entry::of::<query::Query>(),
    Entry::of::<stats::Stats>(),
    Entry::of::<expire::Expire>(),
    Entry::of::<retain::Retain>(),
    Entry::of::<del::Del>(),
    Entry::of::<help::Help>(),
];
