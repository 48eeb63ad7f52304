//! What a task record is and how it changes: pure Rust, no Redis type, so every rule here is tested without a server.

mod event;
mod field;
mod filter;
mod invalid;
mod json;
mod key;
mod limits;
mod number;
mod object;
mod record;
mod search;
mod span;
mod state;
mod task;
mod terms;
mod time;
mod transition;

pub use event::{Condition, Event};
pub use field::{FieldName, FullLength, Kept, Kind, Value};
pub use filter::{Filter, Order, PageRequest, Window};
pub use invalid::Invalid;
pub use json::embeddable;
pub use key::{KeyNames, ObjectKey};
pub use limits::Limits;
pub use number::number;
pub use object::Object;
pub use record::{KeptValue, Record, RecordReader, Timestamps};
pub use search::{SearchText, Searcher};
pub use span::{parts, Span};
pub use state::{State, States};
pub use task::{TaskId, TaskName};
pub use terms::Terms;
pub use time::{Seconds, Time};
pub use transition::{transition, Outcome, Removed, Transition, Written};
