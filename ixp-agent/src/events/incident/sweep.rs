//! Requests for addresses in, signs of sweeps out: one station that asks for many.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ixp_common::counters::{RuleCounts, RuleKey, StationKey};
use ixp_common::rules::Rule;
use jiff::{SignedDuration, Timestamp};

use super::{Breach, Kind, Role, Sign, Subject};
use crate::events::{summary, who};
use crate::members::Registry;

/// What lies further back does not count.
const WINDOW: SignedDuration = SignedDuration::from_secs(60);
/// Different addresses in the frames that were told of.
const TARGETS: usize = 8;
/// Frames, if they come so fast that few of them are told of.
const FRAMES: u64 = 32;
/// Frames per one that is told of: a station that asks for one dead peer again and again is far below.
const FAST: u64 = 4;
/// Frames above the rate of neighbour solicitations.
const OVER_RATE: u64 = 10;
/// Stations that are followed.
const STATIONS: usize = 4096;

#[derive(Debug)]
struct Asked {
    since: Timestamp,
    frames: u64,
    told: u64,
    targets: BTreeSet<IpAddr>,
}

/// Who asks for what.
#[derive(Debug, Default)]
pub(super) struct Sweeps {
    asked: BTreeMap<(StationKey, Rule), Asked>,
}

impl Sweeps {
    /// Takes a request that was told of: its target.
    pub(super) fn told(&mut self, breach: &Breach<'_>) {
        let Some(asked) = self.follow(breach.at, breach.station, breach.rule) else { return };
        asked.told += 1;
        if let Some(target) = summary::target(breach).filter(|_| asked.targets.len() < TARGETS) {
            asked.targets.insert(target);
        }
    }

    /// Takes how many requests there were.
    pub(super) fn counted(
        &mut self,
        at: Timestamp,
        rules: &BTreeMap<RuleKey, RuleCounts>,
        registry: &Registry,
    ) -> Vec<Sign> {
        let asking = |key: &RuleKey| key.rule().filter(|rule| matches!(rule, Rule::A11 | Rule::N11));
        let mut signs = Vec::new();
        for (key, counts) in rules {
            let Some(rule) = asking(key) else { continue };
            let Some(asked) = self.follow(at, key.station(), rule) else { continue };
            asked.frames = asked.frames.saturating_add(counts.broken.packets);
            if asked.is_sweep(rule) {
                signs.push(asked.sign(at, key.station(), rule, registry));
            }
        }
        signs
    }

    pub(super) fn forget(&mut self, at: Timestamp) {
        self.asked.retain(|_, asked| at.duration_since(asked.since).abs() < WINDOW);
    }

    fn follow(&mut self, at: Timestamp, station: StationKey, rule: Rule) -> Option<&mut Asked> {
        if self.asked.len() >= STATIONS && !self.asked.contains_key(&(station, rule)) {
            return None;
        }
        let unknown = Asked { since: at, frames: 0, told: 0, targets: BTreeSet::new() };
        Some(self.asked.entry((station, rule)).or_insert(unknown))
    }
}

impl Asked {
    fn is_sweep(&self, rule: Rule) -> bool {
        let is_fast = self.frames >= FRAMES && self.frames >= self.told.saturating_mul(FAST);
        let is_over = rule == Rule::N11 && self.frames >= OVER_RATE;
        self.targets.len() >= TARGETS || is_fast || is_over
    }

    fn sign(&self, at: Timestamp, station: StationKey, rule: Rule, registry: &Registry) -> Sign {
        let who = who::addressed(station, registry);
        let targets: Vec<String> = self.targets.iter().map(ToString::to_string).collect();
        let how = if rule == Rule::N11 { "neighbour solicitations" } else { "ARP requests" };
        let among = match targets.is_empty() {
            true => String::new(),
            false => format!(", among others for {}", targets.join(", ")),
        };
        Sign {
            subject: Subject::Sweep(station, rule),
            kind: Kind::Sweep,
            rule,
            at,
            vlan: station.vlan(),
            culprits: vec![(station, Role::Source)],
            evidence: format!("{} {how} within a minute{among}", self.frames),
            summary: format!("{who} asks for many addresses by {how}"),
        }
    }
}
