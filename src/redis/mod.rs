//! Redis as the layers above see it: a call with its arguments and reply, hashes and sorted sets. Every `unsafe` line of
//! the module stands here, and nothing here knows what a task is.

mod call;
mod command;
mod failure;
mod hash;
mod key;
mod reply;
mod string;
mod zset;

pub use call::Call;
pub use command::{register, Command};
pub use failure::Failure;
pub use hash::Hash;
pub use key::Mode;
pub use reply::Reply;
pub use zset::{Direction, ScoreRange, Walk, Zset};
