//! The way of one frame: bytes in, counts and samples into a [`Sink`], an [`Action`] out.

use crate::addr::Mac;
use crate::bytes::FrameBytes;
use crate::counters::{Outcome, RuleKey, StationKey};
use crate::frame::{self, Found, Link, Malformed, Oddity, Unread};
use crate::memory::Memory;
use crate::policy::{Action, PortPolicy, Verdict};
use crate::rules::{Judged, Kind, Place, RULES, RuleSet, Scene, is_transit, judge};

/// Where counts go: the kernel's maps, or vectors on the host.
pub trait Sink<F: FrameBytes> {
    /// Every frame, before anything else.
    fn seen(&mut self, bytes: u32);
    /// A frame that could be parsed, and where the table has it counted.
    fn pair(&mut self, link: &Link, place: Place, bytes: u32);
    /// A frame that could not.
    fn malformed(&mut self, reason: Malformed, bytes: u32);
    /// A frame whose addresses are not visible.
    fn unattributed(&mut self, bytes: u32);
    /// Something odd about a frame that is also counted as a pair.
    fn odd(&mut self, oddity: Oddity, bytes: u32);
    /// A rule that a frame breaks; whether it is time to tell of it.
    fn broken(&mut self, broken: &Broken) -> bool;
    /// A frame that breaks a rule of which it is time to tell.
    fn tell(&mut self, frame: &F, broken: &Broken);
    /// A frame that rules drop, or would drop if that were real here.
    fn dropping(&mut self, outcome: Outcome, bytes: u32);
    /// A tap's frame that goes no further.
    fn consumed(&mut self, bytes: u32);
    /// Whether a frame is chosen, at one in `rate`, which is not 0; asked for only where something is sampled.
    fn is_chosen(&mut self, rate: u32) -> bool;
    /// A frame chosen as a sample.
    fn sample(&mut self, frame: &F, rate: u32);
}

/// One rule that a frame breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// Whose frame.
    pub station: StationKey,
    /// The number of the rule.
    pub rule: u8,
    /// What the rule made of it.
    pub outcome: Outcome,
    /// Whether the source is a registered station.
    pub is_registered: bool,
    /// The frame's length on the wire without FCS.
    pub bytes: u32,
    /// When it came, in nanoseconds of [`Memory::now`].
    pub now: u64,
}

impl Broken {
    /// Where it is counted.
    #[inline(always)]
    #[must_use]
    pub const fn key(&self) -> RuleKey {
        RuleKey::new(self.station, self.rule)
    }
}

/// Rules of one frame that are told of at most, critical ones first; the others wait for the next frame.
const MOST_TOLD: usize = 4;

/// Counts one frame and says what becomes of it. Without a memory no rule is applied.
#[inline(always)]
pub fn observe<F: FrameBytes, S: Sink<F>, M: Memory>(
    frame: &F,
    policy: &PortPolicy,
    memory: Option<&M>,
    sink: &mut S,
) -> Action {
    let counted = count(frame, policy, memory, sink);
    let is_dropping = match (counted.held, memory) {
        (Some(kind), Some(memory)) => hold(frame, &counted.link, kind, policy, memory, sink),
        (_, _) => false,
    };
    settle(frame, policy, counted.link.destination(), is_dropping, sink)
}

/// A frame that has its place in the counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Its link layer. Where that is broken the destination is right if it can be read, and else zero.
    pub link: Link,
    /// The rules that it is to be held against; `None` if it cannot be parsed, nothing is known, or it is
    /// [transit](is_transit) of which they have nothing to say.
    pub held: Option<Kind>,
}

/// Counts a frame in the one place that it has: a pair, a reason, or `unattributed`. The first step of
/// [`observe`].
#[inline(always)]
pub fn count<F: FrameBytes, S: Sink<F>, M: Memory>(
    frame: &F,
    policy: &PortPolicy,
    memory: Option<&M>,
    sink: &mut S,
) -> Counted {
    let bytes = frame.wire_len();
    sink.seen(bytes);
    let rate = policy.sampling_rate();
    if rate != 0 && sink.is_chosen(rate) {
        sink.sample(frame, rate);
    }
    let mut link = Link::EMPTY;
    match frame::read_link(frame, &mut link).found() {
        Found::Sound | Found::Odd(_) => {}
        Found::Unread(unread) => {
            match unread {
                Unread::Malformed(reason) => sink.malformed(reason, bytes),
                Unread::Hidden => sink.unattributed(bytes),
            }
            link = link.to(destination(frame));
            return Counted { link, held: None };
        }
    }
    match frame::inspect(frame, &link).found() {
        Found::Sound => {}
        Found::Odd(oddity) => sink.odd(oddity, bytes),
        Found::Unread(Unread::Hidden) => sink.odd(Oddity::Hidden, bytes),
        Found::Unread(Unread::Malformed(reason)) => {
            sink.malformed(reason, bytes);
            let is_cut = reason == Malformed::Ipv6ExtensionTruncated && memory.is_some();
            return Counted { link, held: is_cut.then_some(Kind::CutIpv6) };
        }
    }
    let Some(memory) = memory else {
        sink.pair(&link, Place::Members, bytes);
        return Counted { link, held: None };
    };
    let scene = Scene::of(&link, memory.table());
    let kind = Kind::of(link.ethertype);
    let is_held = !is_transit(frame, &link, &scene, kind, policy, memory);
    sink.pair(&link, scene.cell(&link), bytes);
    Counted { link, held: is_held.then_some(kind) }
}

/// Holds a counted frame against the rules; whether they would drop it. The second step of [`observe`].
#[inline(always)]
pub fn hold<F: FrameBytes, S: Sink<F>, M: Memory>(
    frame: &F,
    link: &Link,
    kind: Kind,
    policy: &PortPolicy,
    memory: &M,
    sink: &mut S,
) -> bool {
    let judged = judge(frame, link, kind, policy, memory);
    if judged.verdict.counted.is_empty() {
        return false;
    }
    Report { frame, link, policy, sink }.write(&judged, memory.now())
}

/// Says what becomes of a frame. The last step of [`observe`].
#[inline(always)]
pub fn settle<F: FrameBytes, S: Sink<F>>(
    frame: &F,
    policy: &PortPolicy,
    destination: Mac,
    is_dropping: bool,
    sink: &mut S,
) -> Action {
    let action = policy.action(is_dropping, destination);
    match action {
        Action::Pass | Action::Drop => {}
        Action::Consume => sink.consumed(frame.wire_len()),
    }
    action
}

/// What is handed over of a frame that breaks rules.
struct Report<'a, F, S> {
    frame: &'a F,
    link: &'a Link,
    policy: &'a PortPolicy,
    sink: &'a mut S,
}

impl<F: FrameBytes, S: Sink<F>> Report<'_, F, S> {
    /// Counts each rule that the frame breaks, and tells of those of which it is time to.
    /// Gives whether it is dropped, or would be.
    // Of its own, as the groups of rules.
    #[cfg_attr(target_arch = "bpf", inline(never))]
    fn write(&mut self, judged: &Judged, now: u64) -> bool {
        let Verdict { mut counted, told, dropping } = judged.verdict;
        let bytes = self.frame.wire_len();
        let dropped = if self.policy.enforces() { Outcome::Dropped } else { Outcome::WouldDrop };
        if !dropping.is_empty() {
            self.sink.dropping(dropped, bytes);
        }
        let is_registered = judged.is_registered;
        let broken = |rule| Broken {
            station: StationKey::new(self.link.vlan(), self.link.source()),
            rule,
            outcome: if has(dropping, rule) { dropped } else { Outcome::Passed },
            is_registered,
            bytes,
            now,
        };
        let mut due = RuleSet::EMPTY;
        for _ in 0..RULES {
            let Some(rule) = counted.take_first() else {
                break;
            };
            due = due.or(RuleSet::only_if(rule, self.sink.broken(&broken(rule))));
        }
        due = due.and(told);
        let mut urgent = due.and(RuleSet::CRITICAL);
        due = due.without(urgent);
        for _ in 0..MOST_TOLD {
            let from = if urgent.is_empty() { &mut due } else { &mut urgent };
            let Some(rule) = from.take_first() else {
                break;
            };
            self.sink.tell(self.frame, &broken(rule));
        }
        !dropping.is_empty()
    }
}

#[inline(always)]
const fn has(set: RuleSet, rule: u8) -> bool {
    set.bits() >> (rule & 63) & 1 == 1
}

/// The destination of a frame that is broken behind its addresses; zero, and no `Option`, since the
/// verifier refuses what compilers make of the unused half of one.
#[inline(always)]
fn destination<F: FrameBytes>(frame: &F) -> Mac {
    frame.load::<6>(0).map_or(Mac::ZERO, Mac)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addr::{Family, VlanId};
    use crate::bytes::Captured;
    use crate::counters::{Counts, PairKey};
    use crate::memory::known::Known;
    use crate::policy::Deployment;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::vec::Vec;

    #[derive(Default)]
    struct Tally {
        seen: Counts,
        pairs: BTreeMap<PairKey, Counts>,
        malformed: BTreeMap<Malformed, Counts>,
        unattributed: Counts,
        odd: Vec<Oddity>,
        consumed: Counts,
        asked: Vec<u32>,
        samples: u32,
    }

    impl Sink<Captured<'_>> for Tally {
        fn seen(&mut self, bytes: u32) {
            self.seen.add_frame(bytes);
        }
        fn pair(&mut self, link: &Link, _place: Place, bytes: u32) {
            self.pairs.entry(link.pair()).or_default().add_frame(bytes);
        }
        fn malformed(&mut self, reason: Malformed, bytes: u32) {
            self.malformed.entry(reason).or_default().add_frame(bytes);
        }
        fn unattributed(&mut self, bytes: u32) {
            self.unattributed.add_frame(bytes);
        }
        fn odd(&mut self, oddity: Oddity, _bytes: u32) {
            self.odd.push(oddity);
        }
        fn broken(&mut self, _broken: &Broken) -> bool {
            false
        }
        fn tell(&mut self, _frame: &Captured<'_>, _broken: &Broken) {}
        fn dropping(&mut self, _outcome: Outcome, _bytes: u32) {}
        fn consumed(&mut self, bytes: u32) {
            self.consumed.add_frame(bytes);
        }
        fn is_chosen(&mut self, rate: u32) -> bool {
            self.asked.push(rate);
            true
        }
        fn sample(&mut self, _frame: &Captured<'_>, _rate: u32) {
            self.samples += 1;
        }
    }

    /// Nothing is known, and no rule applied.
    const UNKNOWN: Option<&Known> = None;

    fn policy(deployment: Deployment, rate: u32) -> PortPolicy {
        PortPolicy::new(1, deployment, Mac([2; 6]), true, rate)
    }

    #[test]
    fn only_where_something_is_sampled_is_a_frame_chosen() {
        let mut tally = Tally::default();
        observe(&Captured::whole(&[0; 60]), &policy(Deployment::Inline, 0), UNKNOWN, &mut tally);
        assert_eq!((tally.asked.as_slice(), tally.samples), (&[][..], 0));
        observe(&Captured::whole(&[0; 60]), &policy(Deployment::Inline, 10), UNKNOWN, &mut tally);
        assert_eq!((tally.asked.as_slice(), tally.samples), (&[10][..], 1));
    }

    #[test]
    fn a_tap_consumes_even_what_it_cannot_parse() {
        let mut tally = Tally::default();
        let action = observe(&Captured::whole(&[0xff; 9]), &policy(Deployment::Tap, 0), UNKNOWN, &mut tally);
        assert_eq!(action, Action::Consume);
        assert_eq!(tally.consumed, Counts::frame(9));
        assert_eq!(tally.malformed, [(Malformed::EthernetTruncated, Counts::frame(9))].into());
    }

    #[test]
    fn a_frame_cut_inside_its_addresses_is_unattributed() {
        let mut tally = Tally::default();
        observe(&Captured::new(&[0; 13], 60), &policy(Deployment::Inline, 0), UNKNOWN, &mut tally);
        assert_eq!(tally.unattributed, Counts::frame(60));
        assert!(tally.pairs.is_empty());
    }

    #[test]
    fn a_third_tag_is_odd_and_counted_in_its_cell() {
        let mut bytes = [0u8; 60];
        for at in [12, 16, 20] {
            bytes[at..at + 4].copy_from_slice(&[0x81, 0x00, 0x00, 0x64]);
        }
        let mut tally = Tally::default();
        observe(&Captured::whole(&bytes), &policy(Deployment::Inline, 0), UNKNOWN, &mut tally);
        assert_eq!(tally.odd, [Oddity::ThirdTag]);
        let key = PairKey::new(VlanId::from_tci(100), Mac::ZERO, Mac::ZERO, Family::Other);
        assert_eq!(tally.pairs, [(key, Counts::frame(60))].into());
    }

    proptest! {
        #[test]
        fn each_frame_is_counted_in_exactly_one_place(
            frames in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..120), 0u32..2000), 0..40),
            kinds in proptest::collection::vec(0usize..7, 40),
        ) {
            let mut tally = Tally::default();
            for ((mut bytes, wire), kind) in frames.into_iter().zip(kinds) {
                if let (Some(field), Some(value)) = (
                    bytes.get_mut(12..14),
                    [[0x08, 0x00], [0x86, 0xdd], [0x08, 0x06], [0x81, 0x00], [0x88, 0xa8], [0x00, 0x20]].get(kind),
                ) {
                    field.copy_from_slice(value);
                }
                observe(&Captured::new(&bytes, wire), &policy(Deployment::Tap, 0), UNKNOWN, &mut tally);
            }
            let mut sum = tally.unattributed;
            tally.pairs.values().chain(tally.malformed.values()).for_each(|counts| sum.add(*counts));
            prop_assert_eq!(sum, tally.seen);
        }
    }
}
