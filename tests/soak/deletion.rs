//! An object that was deleted, of which nothing may come back.

use redis::Connection;

use crate::log::MODEL;
use crate::server::{call, text};

/// When the task's run was published, in unix milliseconds: long before its object was deleted.
const RUN: &[u8] = b"1600000000000";

/// The deletion of an object whose task still runs.
pub struct Deletion {
    object: String,
}

impl Deletion {
    /// Records a task of an object of its own, and deletes the object.
    pub fn of(connection: &mut Connection, round: usize) -> Self {
        let deletion = Self { object: format!("deleted-{round}") };
        assert_eq!(deletion.tell(connection, b"STARTED"), "CREATED");
        call(connection, &[b"TRACKER.DEL", MODEL.as_bytes(), deletion.object.as_bytes()]).expect("it is deleted");
        deletion
    }

    /// How many records the end of the task brings back.
    pub fn count_back(&self, connection: &mut Connection) -> usize {
        let answer = self.tell(connection, b"SUCCESS");
        if answer != "GONE" {
            eprintln!("the end of a task whose object was deleted is {answer}");
        }
        usize::from(answer != "GONE")
    }

    fn tell(&self, connection: &mut Connection, state: &[u8]) -> String {
        let task = [MODEL.as_bytes(), self.object.as_bytes(), b"t"];
        let words = [&[&b"TRACKER.UPSERT"[..]], &task[..], &[b"STATE", state, b"NAME", b"n", b"RUN", RUN]].concat();
        text(&call(connection, &words).expect("the server answers"))
    }
}
