//! Frames that break rules in, those that are told of out: the first of a rule and station at once, then one
//! a minute with the number of the others.

use std::collections::BTreeMap;

use ixp_common::counters::{Outcome, RuleKey, StationKey};
use ixp_common::rules::Rule;
use jiff::{SignedDuration, Timestamp};

use super::{Breach, header};

/// Between two events of the same rule and station.
const GAP: SignedDuration = SignedDuration::from_mins(1);
/// Rules and registered stations that are remembered.
const MEMBERS: usize = 1 << 14;
/// Stations that are nobody's, of each rule: few, since each can be forged, and a flood of one rule's shall not
/// hide what breaks another.
const STRANGERS: usize = 64;

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
    /// The frame that was told.
    last: Held,
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
    /// Frames that the kernel has not told of since its last event.
    untold: BTreeMap<(StationKey, Rule), u64>,
    /// Those of them that were told of all the same: the kernel's next event has them again.
    ahead: BTreeMap<(StationKey, Rule), u64>,
    /// Entries of stations that are nobody's.
    strangers: BTreeMap<Rule, usize>,
    suppressed: u64,
    lost: u64,
}

impl Limiter {
    /// Decides on a frame. `is_member` if its station is registered.
    pub fn admit(&mut self, breach: &Breach<'_>, is_member: bool) -> Limited {
        let key = (breach.station, breach.rule);
        let suppressed = breach.suppressed - self.take_ahead(&key, breach.suppressed);
        let frames = suppressed.saturating_add(1);
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.waiting = entry.waiting.saturating_add(frames);
            if breach.at.duration_since(entry.told) >= GAP {
                entry.told = breach.at;
                (entry.held, entry.last) = (None, Held::of(breach));
                let others = std::mem::take(&mut entry.waiting) - 1;
                self.suppressed += others;
                return Limited::Told(others);
            }
            entry.held = Some(Held::of(breach));
            return Limited::Held;
        }
        if !self.has_room(breach.rule, is_member) {
            self.lost = self.lost.saturating_add(frames);
            return Limited::Lost;
        }
        *self.strangers.entry(breach.rule).or_default() += usize::from(!is_member);
        let last = Held::of(breach);
        self.entries.insert(key, Entry { is_member, told: breach.at, waiting: 0, held: None, last });
        self.suppressed += suppressed;
        Limited::Told(suppressed)
    }

    /// Takes what the kernel has not told of. It does so with the next frame, and there may be none.
    pub fn untold(&mut self, untold: &BTreeMap<RuleKey, u64>) {
        let of_rule = |(key, frames): (&RuleKey, &u64)| Some(((key.station(), key.rule()?), *frames));
        self.untold = untold.iter().filter_map(of_rule).collect();
        self.ahead.retain(|key, _| self.untold.contains_key(key));
    }

    /// Takes up to so many of the frames that were told of ahead of the kernel.
    fn take_ahead(&mut self, key: &(StationKey, Rule), most: u64) -> u64 {
        let Some(ahead) = self.ahead.get_mut(key) else { return 0 };
        let taken = most.min(*ahead);
        *ahead -= taken;
        taken
    }

    /// The frames that were held back for long enough. Forgets what is quiet.
    pub fn due(&mut self, at: Timestamp) -> Vec<Held> {
        let mut due = Vec::new();
        let Self { entries, untold, ahead, strangers, .. } = self;
        entries.retain(|key, entry| {
            if at.duration_since(entry.told) < GAP {
                // A clock that was put back must not hold entries until it has caught up.
                return at.duration_since(entry.told) > -GAP;
            }
            let told_ahead = ahead.get(key).copied().unwrap_or(0);
            let more = untold.get(key).map_or(0, |frames| frames.saturating_sub(told_ahead));
            let frames = std::mem::take(&mut entry.waiting).saturating_add(more);
            if frames == 0 {
                if let Some(strangers) = strangers.get_mut(&key.1) {
                    *strangers -= usize::from(!entry.is_member);
                }
                return false;
            }
            if more > 0 {
                ahead.insert(*key, told_ahead + more);
            }
            let frame = entry.held.take().unwrap_or_else(|| entry.last.clone());
            entry.told = at;
            due.push(Held { suppressed: frames - 1, ..frame });
            true
        });
        self.suppressed += due.iter().map(|held| held.suppressed).sum::<u64>();
        due
    }

    /// All frames that are held back, however short the time. Forgets everything.
    pub fn rest(&mut self) -> Vec<Held> {
        self.strangers.clear();
        let rest: Vec<Held> = std::mem::take(&mut self.entries)
            .into_iter()
            .filter_map(|(key, entry)| {
                let frames = entry.waiting.saturating_add(self.more(&key));
                Some(Held { suppressed: frames.checked_sub(1)?, ..entry.held.unwrap_or(entry.last) })
            })
            .collect();
        (self.untold, self.ahead) = (BTreeMap::new(), BTreeMap::new());
        self.suppressed += rest.iter().map(|held| held.suppressed).sum::<u64>();
        rest
    }

    /// Frames that wait to be told of.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.entries.iter().map(|(key, entry)| entry.waiting + self.more(key)).sum()
    }

    /// Frames that the kernel has not told of, and nobody ahead of it.
    fn more(&self, key: &(StationKey, Rule)) -> u64 {
        let ahead = self.ahead.get(key).copied().unwrap_or(0);
        self.untold.get(key).map_or(0, |frames| frames.saturating_sub(ahead))
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

    fn has_room(&self, rule: Rule, is_member: bool) -> bool {
        match is_member {
            true => self.entries.len() - self.strangers.values().sum::<usize>() < MEMBERS,
            false => self.strangers.get(&rule).is_none_or(|strangers| *strangers < STRANGERS),
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
    fn frames_that_the_kernel_keeps_back_are_told_once_though_nothing_follows() {
        let mut limiter = Limiter::default();
        let key = RuleKey::new(breach(1, 0, 0).station, Rule::N01 as u8);
        let told = |due: Vec<Held>| due.iter().map(|held| held.suppressed + 1).collect::<Vec<_>>();
        limiter.admit(&breach(1, 0, 0), true);
        limiter.untold(&[(key, 4)].into());
        assert_eq!((told(limiter.due(at(59))), limiter.held()), (vec![], 4));
        assert_eq!((told(limiter.due(at(60))), limiter.held()), (vec![4], 0));
        for second in [61, 120, 180] {
            limiter.untold(&[(key, 4)].into());
            assert_eq!(told(limiter.due(at(second))), [0; 0]);
        }
        assert!(limiter.entries.is_empty());
        limiter.untold(&[(key, 6)].into());
        assert_eq!(limiter.admit(&breach(1, 200, 6), true), Limited::Told(2), "4 of the 6 were told");
        limiter.untold(&BTreeMap::new());
        assert!(limiter.ahead.is_empty());
        assert_eq!(limiter.suppressed(), 3 + 2);
        limiter.untold(&[(key, 3)].into());
        assert_eq!(told(limiter.rest()), [3], "at the end nobody tells of them again");
    }

    #[test]
    fn forged_stations_take_no_room_of_members_nor_of_other_rules() {
        let mut limiter = Limiter::default();
        for station in 0..5000 {
            limiter.admit(&breach(station, 0, 0), false);
        }
        let strangers = |limiter: &Limiter| limiter.strangers.values().sum::<usize>();
        assert_eq!((strangers(&limiter), limiter.lost()), (STRANGERS, 5000 - STRANGERS as u64));
        assert_eq!(limiter.admit(&breach(6000, 0, 0), true), Limited::Told(0));
        let of_another_rule = Breach { rule: Rule::L07, ..breach(6001, 0, 0) };
        assert_eq!(limiter.admit(&of_another_rule, false), Limited::Told(0));
        limiter.due(at(61));
        assert_eq!(strangers(&limiter), 0);
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
