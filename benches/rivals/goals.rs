//! How fast this project wants to be compared with its rivals. Every goal is a ratio of two figures of one run.

/// What a ratio should be.
#[derive(Debug, Clone, Copy)]
pub enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    /// Whether the ratio meets the goal.
    pub fn is_met_by(self, ratio: f64) -> bool {
        match self {
            Self::AtMost(most) => ratio <= most,
            Self::AtLeast(least) => ratio >= least,
        }
    }

    /// It in words.
    pub fn text(self) -> String {
        match self {
            Self::AtMost(most) => format!("at most {most}"),
            Self::AtLeast(least) => format!("at least {least}"),
        }
    }
}

/// One of the goals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    QuickTasks,
    SlowTasks,
    TrackingOverBrokering,
    Delay,
    LongestHold,
    MoveOverBlind,
    MoveOverFloor,
    CreateOverFloor,
    LuaOverUpsert,
    MultiOverUpsert,
    ThroughputOverMulti,
    LifeFromPython,
    DelayOverPing,
    FirstPage,
    DeepPage,
    StateAndTask,
    RemoveObject,
    LongHistory,
    ManyObjects,
    Memory,
    AppendOnlyFile,
}

impl Goal {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 21] = [
        Self::QuickTasks,
        Self::SlowTasks,
        Self::TrackingOverBrokering,
        Self::Delay,
        Self::LifeFromPython,
        Self::LongestHold,
        Self::MoveOverBlind,
        Self::MoveOverFloor,
        Self::CreateOverFloor,
        Self::LuaOverUpsert,
        Self::MultiOverUpsert,
        Self::ThroughputOverMulti,
        Self::DelayOverPing,
        Self::FirstPage,
        Self::DeepPage,
        Self::StateAndTask,
        Self::RemoveObject,
        Self::LongHistory,
        Self::ManyObjects,
        Self::Memory,
        Self::AppendOnlyFile,
    ];

    /// The two figures.
    pub const fn title(self) -> &'static str {
        match self {
            Self::QuickTasks => "a worker's throughput, tracked / untracked, no-op tasks",
            Self::SlowTasks => "a worker's throughput, tracked / untracked, tasks of 10 ms",
            Self::TrackingOverBrokering => "Redis' main thread for one task, tracking / brokering",
            Self::Delay => "`.delay()`, processor time, tracked / untracked",
            Self::LongestHold => "the longest hold of the server by one command, in ms",
            Self::MoveOverBlind => "UPSERT moving a state / its changes in a blind MULTI, server time",
            Self::MoveOverFloor => "UPSERT moving a state / the floor, server time",
            Self::CreateOverFloor => "UPSERT creating / the floor, server time",
            Self::LuaOverUpsert => "Lua / UPSERT, server time of a life",
            Self::MultiOverUpsert => "MULTI / UPSERT, processor time over 50 connections",
            Self::ThroughputOverMulti => "UPSERT / MULTI, updates a second over 50 connections",
            Self::LifeFromPython => "a life from Python, the plain key structure / this package",
            Self::DelayOverPing => "what tracking adds to `.delay()` / a PING from Python",
            Self::FirstPage => "QUERY of 10 rows / ZREVRANGE and 10 HMGET, server time",
            Self::DeepPage => "QUERY page 1,000 / page 1, of 100,000 records",
            Self::StateAndTask => "QUERY with STATE and TASK / without, of 100,000 records",
            Self::RemoveObject => "DEL of an object of 10,000 / DEL of as many hashes",
            Self::LongHistory => "UPSERT at 100,000 records of the object / at 10",
            Self::ManyObjects => "UPSERT with 1,000,000 objects / with 1,000",
            Self::Memory => "memory of a record / in the plain key structure",
            Self::AppendOnlyFile => "AOF bytes of an update / bytes of its request",
        }
    }

    /// What their ratio should be.
    pub const fn bound(self) -> Bound {
        match self {
            Self::QuickTasks => Bound::AtLeast(0.92),
            Self::SlowTasks => Bound::AtLeast(0.98),
            Self::TrackingOverBrokering => Bound::AtMost(0.35),
            Self::Delay => Bound::AtMost(1.08),
            Self::LifeFromPython => Bound::AtLeast(20.0),
            Self::LongestHold => Bound::AtMost(10.0),
            Self::MoveOverBlind => Bound::AtMost(0.8),
            Self::MoveOverFloor => Bound::AtMost(2.5),
            Self::CreateOverFloor => Bound::AtMost(3.0),
            Self::LuaOverUpsert => Bound::AtLeast(4.0),
            Self::MultiOverUpsert | Self::ThroughputOverMulti => Bound::AtLeast(5.0),
            Self::DelayOverPing => Bound::AtMost(1.5),
            Self::FirstPage => Bound::AtMost(1.2),
            Self::RemoveObject => Bound::AtMost(2.0),
            Self::DeepPage | Self::LongHistory | Self::ManyObjects => Bound::AtMost(1.5),
            Self::StateAndTask => Bound::AtMost(20.0),
            Self::Memory => Bound::AtMost(1.1),
            Self::AppendOnlyFile => Bound::AtMost(1.3),
        }
    }

    /// Why it is missed, if it is and the reason is known.
    pub const fn bounded_by(self) -> Option<&'static str> {
        Some(match self {
            Self::QuickTasks => {
                "A task's four events take about 160 µs of Python in a loop and twice that in a worker, whose processes share the \
                 caches of two cores. Sending them takes 180 more. The goal leaves 120 for all of it. Fewer packets did \
                 not change the rate. hiredis, field names that are encoded once, and replies read by code of our own would \
                 save up to 30."
            }
            Self::SlowTasks => {
                "A child that works for 10 ms spends 0.6 ms more on Celery's own code and 0.2 to 0.3 ms on this package's, between \
                 two tasks."
            }
            Self::Delay => {
                "Two handlers take 66 to 73 µs of a call of 450, and the thread that sends takes 30. The goal leaves 36 for both. \
                 The objects are now found once for a call, and JSON's encoder is made once; together this took 8 µs off."
            }
            Self::LifeFromPython => {
                "The events' Python code alone takes 160 to 190 µs, and their eight commands 70 more. Plain code waits for its \
                 round trips instead, so the ratio also falls when other programs keep the processor busy."
            }
            Self::LongestHold => {
                "Removing a whole object: the server frees each hash of up to 64 fields in its main thread, also for UNLINK. \
                 Longer records take longer: 36 to 42 ms for 10,000 records of 18 fields. What reads or updates stays below the goal."
            }
            Self::TrackingOverBrokering => {
                "Four events are eight updates, the object's and the overview's. Their commands alone take 56 µs, three quarters \
                 of the goal. The rest is system calls: each process sends one packet in 10 ms. One in 50 ms took a fifth less, \
                 but a page would lag."
            }
            Self::MoveOverBlind => {
                "Both change the same keys by the same functions of the server. The update also reads the record, which is a \
                 quarter of it, checks its arguments, and tells replicas its terms."
            }
            Self::MoveOverFloor => {
                "An update reads the record, opens four keys where the floor opens one, changes three sorted sets, and sends \
                 replicas the terms that it ran under. The server's own functions for all that cost about twice the floor, and \
                 their code is more than a processor's first cache holds."
            }
            Self::CreateOverFloor => {
                "The hash alone costs what the floor does, and the id goes into four sorted sets besides. The code for it all is \
                 more than a processor's first cache holds."
            }
            Self::LuaOverUpsert => {
                "The script has the same keys to change, by the same functions of the server. The module's own code is \
                 a sixth of an update."
            }
            Self::MultiOverUpsert => {
                "The commands of a transaction do the same work on the same keys in about the same time. What UPSERT saves is \
                 the second round trip: its system calls, its parsing, its replies."
            }
            Self::ThroughputOverMulti => {
                "What UPSERT saves is the second round trip, as in the row above. The client shares the machine, whichever rival \
                 it calls."
            }
            Self::FirstPage => {
                "The module API makes a string of each value before it is replied, and a row has the names of its fields too. \
                 HMGET replies values alone, straight from the hash."
            }
            Self::StateAndTask => {
                "The total counts every match: each id of the one index is looked up in the other. An index of each state \
                 together with each name would give it at once, and every update would have to keep that too."
            }
            Self::ManyObjects => {
                "The keys of an object taken at random are in no processor's cache. The floor, which has one key, slows down too."
            }
            Self::Memory => "Two sorted sets more: when each retention ends, and which names there are.",
            Self::RemoveObject => {
                "Each hash is looked up, counted as live or not, and freed. The server's thread frees those of up to 64 fields itself."
            }
            Self::DelayOverPing | Self::DeepPage | Self::LongHistory | Self::AppendOnlyFile => {
                return None;
            }
        })
    }
}
