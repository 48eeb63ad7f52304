//! One file per command: its arguments as a typed request, what it does with them, and its reply.

mod arguments;
mod del;
mod expire;
mod get;
mod query;
mod row;
mod upsert;

pub use del::Del;
pub use expire::Expire;
pub use get::Get;
pub use query::Query;
pub use upsert::Upsert;
