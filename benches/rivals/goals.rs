//! How fast this project wants to be beside its rivals. Every goal is a ratio of two figures of one run.

/// What a ratio should be.
#[derive(Debug, Clone, Copy)]
pub enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    /// Whether the ratio is what it should be.
    pub fn is_met_by(self, ratio: f64) -> bool {
        match self {
            Self::AtMost(most) => ratio <= most,
            Self::AtLeast(least) => ratio >= least,
        }
    }

    /// It in words.
    pub fn text(self) -> String {
        match self {
            Self::AtMost(most) => format!("at most {most:.1}"),
            Self::AtLeast(least) => format!("at least {least:.1}"),
        }
    }
}

/// One of the goals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
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
    LongHistory,
    ManyObjects,
    Memory,
    AppendOnlyFile,
}

impl Goal {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 14] = [
        Self::MoveOverFloor,
        Self::CreateOverFloor,
        Self::LuaOverUpsert,
        Self::MultiOverUpsert,
        Self::ThroughputOverMulti,
        Self::LifeFromPython,
        Self::DelayOverPing,
        Self::FirstPage,
        Self::DeepPage,
        Self::StateAndTask,
        Self::LongHistory,
        Self::ManyObjects,
        Self::Memory,
        Self::AppendOnlyFile,
    ];

    /// The two figures.
    pub const fn title(self) -> &'static str {
        match self {
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
            Self::LongHistory => "UPSERT at 100,000 records of the object / at 10",
            Self::ManyObjects => "UPSERT with 1,000,000 objects / with 1,000",
            Self::Memory => "memory of a record / in the plain key structure",
            Self::AppendOnlyFile => "AOF bytes of an update / bytes of its request",
        }
    }

    /// What their ratio should be.
    pub const fn bound(self) -> Bound {
        match self {
            Self::MoveOverFloor => Bound::AtMost(2.0),
            Self::CreateOverFloor => Bound::AtMost(3.0),
            Self::LuaOverUpsert => Bound::AtLeast(4.0),
            Self::MultiOverUpsert | Self::ThroughputOverMulti | Self::LifeFromPython => Bound::AtLeast(5.0),
            Self::DelayOverPing => Bound::AtMost(1.5),
            Self::FirstPage => Bound::AtMost(1.0),
            Self::DeepPage | Self::LongHistory | Self::ManyObjects => Bound::AtMost(1.5),
            Self::StateAndTask => Bound::AtMost(10.0),
            Self::Memory => Bound::AtMost(1.1),
            Self::AppendOnlyFile => Bound::AtMost(1.3),
        }
    }
}
