use bitflags::bitflags;

/// The state of a task, by Celery's names
/// (<https://docs.celeryq.dev/en/stable/reference/celery.states.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum State {
    /// Published, not yet seen by a worker.
    Pending,
    /// A worker has received it and not yet started it.
    Received,
    /// The attempt before asked for this one, which has not started.
    Retry,
    /// Running.
    Started,
    /// Ended with a result.
    Success,
    /// Ended with an exception.
    Failure,
    /// Revoked before or while it ran.
    Revoked,
    /// Rejected by the task itself.
    Rejected,
    /// Ended by `Ignore`.
    Ignored,
}

impl State {
    /// Every state, in the order of a task's life.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Received,
        Self::Retry,
        Self::Started,
        Self::Success,
        Self::Failure,
        Self::Revoked,
        Self::Rejected,
        Self::Ignored,
    ];

    /// The name in records, keys and replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Received => "RECEIVED",
            Self::Retry => "RETRY",
            Self::Started => "STARTED",
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
            Self::Revoked => "REVOKED",
            Self::Rejected => "REJECTED",
            Self::Ignored => "IGNORED",
        }
    }

    /// The state of that name, in upper or lower case.
    pub fn parse(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name().as_bytes().eq_ignore_ascii_case(name))
    }

    /// How far an attempt has got in this state, 0 to 4. Of two events of one attempt the one of higher rank prevails.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Received => 1,
            Self::Retry => 2,
            Self::Started => 3,
            _ => 4,
        }
    }

    /// Whether the attempt is over in this state.
    pub fn is_final(self) -> bool {
        States::FINAL.contains(self.into())
    }
}

bitflags! {
    /// A set of states: what a filter asks for, which states are final.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct States: u16 {
        /// See [`State::Pending`].
        const PENDING = 1 << State::Pending as u16;
        /// See [`State::Received`].
        const RECEIVED = 1 << State::Received as u16;
        /// See [`State::Retry`].
        const RETRY = 1 << State::Retry as u16;
        /// See [`State::Started`].
        const STARTED = 1 << State::Started as u16;
        /// See [`State::Success`].
        const SUCCESS = 1 << State::Success as u16;
        /// See [`State::Failure`].
        const FAILURE = 1 << State::Failure as u16;
        /// See [`State::Revoked`].
        const REVOKED = 1 << State::Revoked as u16;
        /// See [`State::Rejected`].
        const REJECTED = 1 << State::Rejected as u16;
        /// See [`State::Ignored`].
        const IGNORED = 1 << State::Ignored as u16;
        /// The states in which an attempt is over.
        const FINAL = Self::SUCCESS.bits()
            | Self::FAILURE.bits()
            | Self::REVOKED.bits()
            | Self::REJECTED.bits()
            | Self::IGNORED.bits();
        /// The final states that need no attention.
        const ENDED_WELL = Self::SUCCESS.bits() | Self::IGNORED.bits();
    }
}

impl From<State> for States {
    fn from(state: State) -> Self {
        Self::from_bits_retain(1 << state as u16)
    }
}

impl States {
    /// The states of the set, in the order of a task's life.
    pub fn states(self) -> impl Iterator<Item = State> {
        State::ALL.into_iter().filter(move |state| self.contains((*state).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case_and_nothing_else_is() {
        for state in State::ALL {
            assert_eq!(State::parse(state.name().as_bytes()), Some(state));
            assert_eq!(State::parse(state.name().to_lowercase().as_bytes()), Some(state));
        }
        for name in [&b""[..], b"DONE", b"SUCCESS ", b"SUCCESS\0", b"\xff"] {
            assert_eq!(State::parse(name), None);
        }
    }

    #[test]
    fn five_states_are_final_and_share_the_highest_rank() {
        let finals: Vec<_> = States::FINAL.states().collect();
        assert_eq!(finals, &State::ALL[4..]);
        assert!(finals.iter().all(|state| state.is_final() && state.rank() == 4));
        assert!(State::ALL[..4].iter().enumerate().all(|(rank, state)| state.rank() as usize == rank));
    }
}
