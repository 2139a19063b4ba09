//! Frames that break rules in, those that are told of out: the first of a rule and station at once, then one
//! a minute with the number of the others.

use std::collections::BTreeMap;

use ixp_common::counters::{Outcome, StationKey};
use ixp_common::rules::Rule;
use jiff::{SignedDuration, Timestamp};

use super::{Breach, header};

/// Between two events of the same rule and station.
const GAP: SignedDuration = SignedDuration::from_mins(1);
/// Rules and registered stations that are remembered.
const MEMBERS: usize = 1 << 14;
/// Rules and stations that are nobody's: few, since each can be forged.
const STRANGERS: usize = 1 << 10;

/// What becomes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// It is told, and this many before it were not.
    Told(u64),
    /// It is counted, and told later.
    Held,
    /// There is no room to remember it; it is counted as lost.
    Lost,
}

/// What is remembered of a rule and station.
#[derive(Debug)]
struct Entry {
    is_member: bool,
    told: Timestamp,
    /// Frames since, the held one among them.
    waiting: u64,
    held: Option<Held>,
}

/// A frame that waits until its rule and station may be told of again.
#[derive(Debug, Clone)]
pub struct Held {
    at: Timestamp,
    rule: Rule,
    station: StationKey,
    outcome: Outcome,
    interface: Option<String>,
    port: Option<String>,
    header: Vec<u8>,
    wire_len: u32,
    /// Frames beside it.
    pub suppressed: u64,
}

impl Held {
    fn of(breach: &Breach<'_>) -> Self {
        let header = &breach.frame[..header::headers(breach.frame, breach.wire_len)];
        Self {
            at: breach.at,
            rule: breach.rule,
            station: breach.station,
            outcome: breach.outcome,
            interface: breach.interface.map(str::to_owned),
            port: breach.port.map(str::to_owned),
            header: header.to_vec(),
            wire_len: breach.wire_len,
            suppressed: 0,
        }
    }

    /// The frame as it was told of.
    #[must_use]
    pub fn breach(&self) -> Breach<'_> {
        Breach {
            at: self.at,
            rule: self.rule,
            outcome: self.outcome,
            station: self.station,
            suppressed: self.suppressed,
            interface: self.interface.as_deref(),
            port: self.port.as_deref(),
            is_own: false,
            frame: &self.header,
            wire_len: self.wire_len,
        }
    }
}

/// Which rules and stations were told of, and when.
#[derive(Debug, Default)]
pub struct Limiter {
    entries: BTreeMap<(StationKey, Rule), Entry>,
    strangers: usize,
    suppressed: u64,
    lost: u64,
}

impl Limiter {
    /// Decides on a frame. `is_member` if its station is registered.
    pub fn admit(&mut self, breach: &Breach<'_>, is_member: bool) -> Limited {
        let key = (breach.station, breach.rule);
        let frames = breach.suppressed.saturating_add(1);
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.waiting = entry.waiting.saturating_add(frames);
            if breach.at.duration_since(entry.told) >= GAP {
                entry.told = breach.at;
                entry.held = None;
                let others = std::mem::take(&mut entry.waiting) - 1;
                self.suppressed += others;
                return Limited::Told(others);
            }
            entry.held = Some(Held::of(breach));
            return Limited::Held;
        }
        if !self.has_room(is_member) {
            self.lost = self.lost.saturating_add(frames);
            return Limited::Lost;
        }
        self.strangers += usize::from(!is_member);
        self.entries.insert(key, Entry { is_member, told: breach.at, waiting: 0, held: None });
        self.suppressed += breach.suppressed;
        Limited::Told(breach.suppressed)
    }

    /// The frames that were held back for long enough. Forgets what is quiet.
    pub fn due(&mut self, at: Timestamp) -> Vec<Held> {
        let mut due = Vec::new();
        let strangers = &mut self.strangers;
        self.entries.retain(|_, entry| {
            if at.duration_since(entry.told) < GAP {
                // A clock that was put back must not hold entries until it has caught up.
                return at.duration_since(entry.told) > -GAP;
            }
            let Some(mut held) = entry.held.take() else {
                *strangers -= usize::from(!entry.is_member);
                return false;
            };
            held.suppressed = std::mem::take(&mut entry.waiting) - 1;
            entry.told = at;
            due.push(held);
            true
        });
        self.suppressed += due.iter().map(|held| held.suppressed).sum::<u64>();
        due
    }

    /// All frames that are held back, however short the time. Forgets everything.
    pub fn rest(&mut self) -> Vec<Held> {
        self.strangers = 0;
        let entries = std::mem::take(&mut self.entries).into_values();
        let rest: Vec<Held> = entries
            .filter_map(|entry| {
                let suppressed = entry.waiting.saturating_sub(1);
                Some(Held { suppressed, ..entry.held? })
            })
            .collect();
        self.suppressed += rest.iter().map(|held| held.suppressed).sum::<u64>();
        rest
    }

    /// Frames that wait to be told of.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.entries.values().map(|entry| entry.waiting).sum()
    }

    /// Frames that were told of together with another.
    #[must_use]
    pub fn suppressed(&self) -> u64 {
        self.suppressed
    }

    /// Frames that nothing was told of.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost
    }

    fn has_room(&self, is_member: bool) -> bool {
        match is_member {
            true => self.entries.len() - self.strangers < MEMBERS,
            false => self.strangers < STRANGERS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ixp_common::addr::{Mac, VlanId};
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn breach(station: u16, second: i64, suppressed: u64) -> Breach<'static> {
        let [high, low] = station.to_be_bytes();
        Breach {
            at: at(second),
            rule: Rule::N01,
            outcome: Outcome::Passed,
            station: StationKey::new(VlanId::UNTAGGED, Mac([2, 0, 0, 0, high, low])),
            suppressed,
            interface: None,
            port: None,
            is_own: false,
            frame: &[],
            wire_len: 60,
        }
    }

    #[test]
    fn the_first_is_told_at_once_and_a_storm_once_a_minute_with_its_number() {
        let mut limiter = Limiter::default();
        assert_eq!(limiter.admit(&breach(1, 0, 0), true), Limited::Told(0));
        for second in 1..60 {
            assert_eq!(limiter.admit(&breach(1, second, 99), true), Limited::Held);
        }
        assert_eq!(limiter.admit(&breach(1, 60, 99), true), Limited::Told(60 * 100 - 1));
    }

    #[test]
    fn what_was_held_is_told_though_nothing_follows() {
        let mut limiter = Limiter::default();
        limiter.admit(&breach(1, 0, 0), true);
        limiter.admit(&breach(1, 1, 4), true);
        assert!(limiter.due(at(59)).is_empty());
        let due: Vec<u64> = limiter.due(at(60)).iter().map(|held| held.suppressed).collect();
        assert_eq!((due, limiter.suppressed()), (vec![4], 4));
        assert!(limiter.due(at(120)).is_empty());
        assert!(limiter.entries.is_empty());
    }

    #[test]
    fn forged_stations_take_no_room_of_members() {
        let mut limiter = Limiter::default();
        for station in 0..5000 {
            limiter.admit(&breach(station, 0, 0), false);
        }
        assert_eq!((limiter.strangers, limiter.lost()), (STRANGERS, 5000 - STRANGERS as u64));
        assert_eq!(limiter.admit(&breach(6000, 0, 0), true), Limited::Told(0));
        limiter.due(at(61));
        assert_eq!(limiter.strangers, 0);
    }

    #[test]
    fn a_clock_that_was_put_back_mutes_nothing() {
        let mut limiter = Limiter::default();
        limiter.admit(&breach(1, 100_000, 0), true);
        limiter.due(at(0));
        assert_eq!(limiter.admit(&breach(1, 0, 0), true), Limited::Told(0));
    }

    proptest! {
        #[test]
        fn each_frame_is_told_suppressed_held_or_lost(
            frames in proptest::collection::vec((0u16..4, 0i64..30, 0u64..50, any::<bool>()), 0..80),
            ends in any::<bool>(),
        ) {
            let (mut limiter, mut clock, mut sent, mut told) = (Limiter::default(), 0, 0u64, 0u64);
            for (station, ahead, suppressed, ticks) in frames {
                clock += ahead;
                sent += suppressed + 1;
                told += u64::from(matches!(limiter.admit(&breach(station, clock, suppressed), true), Limited::Told(_)));
                if ticks {
                    told += limiter.due(at(clock)).len() as u64;
                }
                prop_assert_eq!(told + limiter.suppressed() + limiter.held() + limiter.lost(), sent);
            }
            told += if ends { limiter.rest() } else { limiter.due(at(clock + 60)) }.len() as u64;
            prop_assert_eq!((told + limiter.suppressed() + limiter.lost(), limiter.held()), (sent, 0));
        }
    }
}
