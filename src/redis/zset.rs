use std::cmp::Ordering;
use std::ffi::{c_int, CStr};

use redis_module::raw;

use super::call::{integer, strings, CallReply};
use super::key::{ServerKey, OK};
use super::string::ServerString;
use super::{AsText, Call, Failure, Mode};

/// Which way a sorted set is walked: by score, and members of one score by their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The lowest score first.
    Up,
    /// The highest score first.
    Down,
}

/// Scores from `min` to `max`, both included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreRange {
    /// The lowest score of the range.
    pub min: f64,
    /// The highest score of the range.
    pub max: f64,
}

impl ScoreRange {
    /// Every score.
    pub const ALL: Self = Self { min: f64::NEG_INFINITY, max: f64::INFINITY };

    /// Whether the score lies in it.
    pub fn holds(self, score: f64) -> bool {
        self.min <= score && score <= self.max
    }
}

/// A sorted set: members, each with a score.
pub struct Zset<'c> {
    key: ServerKey<'c>,
}

impl<'c> Zset<'c> {
    /// Opens the sorted set of that name, which may be missing. O(1).
    pub fn open(call: &'c Call<'c>, name: &[u8], mode: Mode) -> Result<Self, Failure> {
        Ok(Self { key: ServerKey::open(call, name, mode, raw::KeyType::ZSet)? })
    }

    /// How many members there are. O(1).
    pub fn len(&self) -> usize {
        self.key.len()
    }

    /// Whether there is no member, and so no key.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When the server removes the set, in unix milliseconds. `None` without a TTL.
    pub fn expires_at(&self) -> Option<i64> {
        self.key.expires_at()
    }

    /// Sets when the server removes the set, in unix milliseconds.
    pub fn expire_at(&mut self, millis: i64) {
        self.key.expire_at(millis);
    }

    /// Removes the whole set, if there is one. O(1): a thread of the server frees its members.
    pub fn unlink(&mut self) {
        self.key.unlink();
    }

    /// The score of a member. O(1).
    pub fn score(&self, member: &(impl AsText + ?Sized)) -> Option<f64> {
        if !self.key.exists() {
            return None;
        }
        let mut score = 0.0;
        // SAFETY: the key is open and not missing.
        let status = member
            .with_text(|member| unsafe { raw::RedisModule_ZsetScore.unwrap()(self.key.as_ptr(), member, &mut score) });
        (status == OK).then_some(score)
    }

    /// Adds a member or gives it another score. Whether it is new. O(1) if it has that score already, else O(log n).
    pub fn add(&mut self, member: &(impl AsText + ?Sized), score: f64) -> bool {
        let mut flags = 0;
        // SAFETY: the key is open for writing.
        member.with_text(|member| unsafe {
            raw::RedisModule_ZsetAdd.unwrap()(self.key.as_ptr(), score, member, &mut flags)
        });
        if flags & raw::REDISMODULE_ZADD_NOP as c_int == 0 {
            self.key.mark_changed();
        }
        flags & raw::REDISMODULE_ZADD_ADDED as c_int != 0
    }

    /// Removes a member. Whether it was there. O(log n).
    pub fn remove(&mut self, member: &(impl AsText + ?Sized)) -> bool {
        if !self.key.exists() {
            return false;
        }
        let mut removed: c_int = 0;
        // SAFETY: the key is open for writing and not missing.
        member
            .with_text(|member| unsafe { raw::RedisModule_ZsetRem.unwrap()(self.key.as_ptr(), member, &mut removed) });
        if removed != 0 {
            self.key.mark_changed();
            self.key.forget_ttl();
        }
        removed != 0
    }

    /// Copies of the members with a score in `range`, in order. O(log n), and O(1) for each.
    pub fn walk(
        &mut self,
        range: ScoreRange,
        direction: Direction,
    ) -> impl Iterator<Item = (Vec<u8>, f64)> + use<'_, 'c> {
        self.members(range, direction).map(|Member { id, score }| (id.as_ref().to_vec(), score))
    }

    /// The members with a score in `range`, in order. O(log n), and O(1) for each.
    ///
    /// The borrow is exclusive because the server keeps one iterator for each open key.
    pub fn members(&mut self, range: ScoreRange, direction: Direction) -> Members<'_, 'c> {
        if !self.is_empty() {
            // SAFETY: the key is open and holds a sorted set.
            unsafe {
                let start = match direction {
                    Direction::Up => raw::RedisModule_ZsetFirstInScoreRange,
                    Direction::Down => raw::RedisModule_ZsetLastInScoreRange,
                };
                start.unwrap()(self.key.as_ptr(), range.min, range.max, 0, 0);
            }
        }
        Members { zset: self, direction }
    }

    /// How many members two sorted sets have in common, whatever their scores. O(n) for the n members of the smaller one.
    pub fn count_common(&self, other: &Self) -> usize {
        if self.is_empty() || other.is_empty() {
            return 0;
        }
        let two = ServerString::new(b"2");
        self.key.call().ask(c"ZINTERCARD", &[&two, self.key.name(), other.key.name()], integer)
    }

    /// How many members have a score in `range`. O(log n).
    pub fn count(&self, range: ScoreRange) -> usize {
        if range == ScoreRange::ALL {
            return self.len();
        }
        let (min, max) = (range.min.to_string(), range.max.to_string());
        self.ask(c"ZCOUNT", &[&min, &max], integer)
    }

    /// The rank of a member; the first one in the direction has rank 0. Also 0 if it is not a member. O(log n).
    pub fn rank(&self, member: &ServerString, direction: Direction) -> usize {
        let command = match direction {
            Direction::Up => c"ZRANK",
            Direction::Down => c"ZREVRANK",
        };
        self.key.call().ask(command, &[self.key.name(), member], integer)
    }

    /// `count` members from that rank on; the first one in the direction has rank 0. O(log n + count).
    pub fn slice(&self, rank: usize, count: usize, direction: Direction) -> Vec<ServerString> {
        if count == 0 || rank >= self.len() {
            return Vec::new();
        }
        let (first, last) = (rank.to_string(), rank.saturating_add(count - 1).min(self.len()).to_string());
        let command = match direction {
            Direction::Up => c"ZRANGE",
            Direction::Down => c"ZREVRANGE",
        };
        self.ask(command, &[&first, &last], strings)
    }

    /// Runs a reading command of the server on this key: the module API has no ranks and no counts.
    fn ask<R: Default>(&self, command: &CStr, arguments: &[&str], read: fn(&CallReply<'_>) -> R) -> R {
        let strings: Vec<_> = arguments.iter().map(|argument| ServerString::new(argument.as_bytes())).collect();
        let arguments: Vec<_> = [self.key.name()].into_iter().chain(&strings).collect();
        self.key.call().ask(command, &arguments, read)
    }
}

/// A member of a sorted set. Members order as they do in the set: by score, those of one score by their bytes.
#[derive(PartialEq)]
pub struct Member {
    /// The member itself.
    pub id: ServerString,
    /// Its score.
    pub score: f64,
}

impl Eq for Member {}

impl PartialOrd for Member {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Member {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then_with(|| self.id.cmp(&other.id))
    }
}

/// The members of a sorted set, one after the other.
pub struct Members<'z, 'c> {
    zset: &'z mut Zset<'c>,
    direction: Direction,
}

impl Iterator for Members<'_, '_> {
    type Item = Member;

    fn next(&mut self) -> Option<Self::Item> {
        if self.zset.is_empty() {
            return None;
        }
        let key = self.zset.key.as_ptr();
        // SAFETY: the key is open, holds a sorted set, and members() has begun; the exclusive borrow keeps writes away.
        unsafe {
            if raw::RedisModule_ZsetRangeEndReached.unwrap()(key) != 0 {
                return None;
            }
            let mut score = 0.0;
            let id = ServerString::owned(raw::RedisModule_ZsetRangeCurrentElement.unwrap()(key, &mut score))?;
            let step = match self.direction {
                Direction::Up => raw::RedisModule_ZsetRangeNext,
                Direction::Down => raw::RedisModule_ZsetRangePrev,
            };
            step.unwrap()(key);
            Some(Member { id, score })
        }
    }
}

impl Drop for Members<'_, '_> {
    fn drop(&mut self) {
        if !self.zset.is_empty() {
            // SAFETY: the key is open and holds a sorted set.
            unsafe { raw::RedisModule_ZsetRangeStop.unwrap()(self.zset.key.as_ptr()) };
        }
    }
}
