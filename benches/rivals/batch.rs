//! Batches of updates. They are prepared before the clock runs, so that the harness costs as little as possible.

use redis::{Connection, Pipeline, Value};

use crate::event::Event;
use crate::rival::Rival;

/// Updates that go out together, in one round trip or two.
pub struct Batch<'a> {
    rival: &'a dyn Rival,
    events: &'a [Event],
    first: Packed,
}

/// A request as bytes.
struct Packed {
    bytes: Vec<u8>,
    replies: usize,
}

impl Packed {
    fn new(pipeline: &Pipeline) -> Self {
        Self { bytes: pipeline.get_packed_pipeline(), replies: pipeline.len() }
    }

    fn send(&self, connection: &mut Connection) {
        connection.send_packed_command(&self.bytes).expect("the server listens");
    }

    fn receive(&self, connection: &mut Connection) -> Vec<Value> {
        (0..self.replies).map(|_| accepted(connection.recv_response().expect("the commands are right"))).collect()
    }
}

/// A reply. Panics if it is an error.
fn accepted(reply: Value) -> Value {
    match &reply {
        Value::Array(replies) => {
            let complaint = replies.iter().find(|reply| matches!(reply, Value::ServerError(_)));
            assert!(complaint.is_none(), "{complaint:?}");
        }
        Value::ServerError(error) => panic!("{error:?}"),
        _ => {}
    }
    reply
}

/// A round trip that is under way.
pub enum Sent<'b> {
    /// The first of a batch.
    First(&'b Batch<'b>),
    /// The second.
    Second { replies: usize },
}

impl Sent<'_> {
    /// Waits for the replies, and sends the second round trip if there is one.
    pub fn go_on(self, connection: &mut Connection) -> Option<Self> {
        match self {
            Self::First(batch) => {
                let replies = batch.first.receive(connection);
                let pipeline = batch.rival.follow_up(batch.events, &replies)?;
                let packed = Packed::new(&pipeline);
                packed.send(connection);
                Some(Self::Second { replies: packed.replies })
            }
            Self::Second { replies, .. } => {
                for _ in 0..replies {
                    let reply = accepted(connection.recv_response().expect("the commands are right"));
                    assert_ne!(reply, Value::Nil, "the transaction was carried out");
                }
                None
            }
        }
    }
}

impl<'a> Batch<'a> {
    /// Splits updates into batches of that size.
    pub fn all_of(rival: &'a dyn Rival, events: &'a [Event], size: usize) -> Vec<Self> {
        let batches = events.chunks(size);
        batches.map(|events| Self { rival, events, first: Packed::new(&rival.request(events)) }).collect()
    }

    /// How many updates it holds.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Sends its first round trip.
    pub fn send(&self, connection: &mut Connection) -> Sent<'_> {
        self.first.send(connection);
        Sent::First(self)
    }

    /// Sends it and waits until all is done.
    pub fn run(&self, connection: &mut Connection) {
        let mut sent = Some(self.send(connection));
        while let Some(under_way) = sent {
            sent = under_way.go_on(connection);
        }
    }
}

/// Carries out updates, unmeasured.
pub fn carry_out(connection: &mut Connection, rival: &dyn Rival, events: &[Event]) {
    for batch in Batch::all_of(rival, events, 100) {
        batch.run(connection);
    }
}
