//! Safe wrappers of the server's functions: a call with its arguments and reply, hashes, sorted sets. All `unsafe` code of
//! the module is here, and nothing here knows what a task is.

mod call;
mod command;
mod config;
mod documentation;
mod failure;
mod hash;
mod info;
mod key;
mod keyspace;
mod load;
mod options;
mod reply;
mod string;
mod string_key;
mod user;
mod zset;

pub use call::Call;
pub use command::{add_category, Command, Entry};
pub use config::{configure, Number};
pub use documentation::{Argument, Documentation, Keys};
pub use failure::{Failure, NO_PERMISSION, TRY_AGAIN};
pub use hash::{Changes, Hash};
pub use info::{inform, Info};
pub use key::Mode;
pub use keyspace::{watch_removals, Removals};
pub(crate) use load::on_load;
pub use load::{load, Identity};
pub use options::declare_options;
pub use reply::Reply;
pub use string::{AsText, Constant, Piece, ServerString, Text};
pub use string_key::StringKey;
pub use zset::{Direction, Member, ScoreRange, Zset};
