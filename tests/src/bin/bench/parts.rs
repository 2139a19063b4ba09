//! One kind of frame after the other that goes a step further through the sampler in, what each costs out.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use ixp_common::counters::Counts;
use ixp_tests::sampler::{SLOT, Sampler};
use ixp_tests::traffic::Generator;
use serde::Serialize;

use crate::exchange::{MEMBERS, Rules, capacity, frame, table};
use crate::load::{Load, Spread};
use crate::race::{self, Effort, middle};

/// Pairs that exchange frames, so few that all stay in the caches.
const PAIRS: u32 = 100;

/// How far a frame goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Its interface has no settings: seen, and unattributed.
    NoSettings,
    /// Its IPv4 header is broken: a reason.
    Malformed,
    /// Nobody is registered: a pair of addresses.
    NobodyRegistered,
    /// Both ends are registered, and held against these rules.
    Registered(Rules),
}

const WAYS: [(&str, Way); 6] = [
    ("unattributed, an interface without settings", Way::NoSettings),
    ("malformed", Way::Malformed),
    ("counted, nobody registered", Way::NobodyRegistered),
    ("counted, registered, rules off", Way::Registered(Rules::Off)),
    ("counted, registered, monitor", Way::Registered(Rules::Monitor)),
    ("counted, registered, enforce", Way::Registered(Rules::Enforce)),
];

/// What a frame costs that goes so far.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// Nanoseconds per frame, test loop included.
    pub(crate) total_ns: f64,
}

/// Measures each way; gives what was measured, and the frames that were counted.
pub(crate) fn measure(generator: &mut Generator, effort: Effort) -> Result<(Vec<Part>, u64)> {
    let load = Load::new(MEMBERS, PAIRS, Spread::Uniform, effort.drawn)?;
    generator.fill(0, &load.words)?;
    let mut samplers = WAYS.iter().map(|(_, way)| sampler(*way)).collect::<Result<Vec<_>>>()?;
    let [mut empty, mut floor] = [Vec::new(), Vec::new()];
    let mut times = WAYS.map(|_| Vec::new());
    for round in 0..effort.rounds {
        let clean = frame(64);
        empty.push(race::nanoseconds(generator.run_empty(&clean, effort.frames)?));
        generator.feed(None)?;
        floor.push(race::time(generator, &load, &clean, round, effort)?);
        for (((_, way), sampler), times) in WAYS.iter().zip(&samplers).zip(&mut times) {
            generator.feed(Some(sampler.program()?))?;
            times.push(race::time(generator, &load, &of(*way), round, effort)?);
        }
    }
    generator.feed(None)?;
    let sent = effort.first_of(effort.rounds);
    for ((_, way), sampler) in WAYS.iter().zip(&mut samplers) {
        check(*way, sampler, sent)?;
    }
    let part = |name, times: &mut Vec<f64>| Part { name, total_ns: middle(times) };
    let mut parts = vec![part("empty program", &mut empty), part("generator: the floor", &mut floor)];
    parts.extend(WAYS.iter().zip(&mut times).map(|((name, _), times)| part(name, times)));
    let ways = u64::try_from(WAYS.len())?;
    Ok((parts, ways * sent))
}

fn sampler(way: Way) -> Result<Sampler> {
    let mut sampler = Sampler::load(capacity(PAIRS))?;
    let rules = match way {
        Way::NoSettings => return Ok(sampler),
        Way::Malformed | Way::NobodyRegistered => None,
        Way::Registered(rules) => Some(rules),
    };
    sampler.set(rules.unwrap_or(Rules::Off).port())?;
    if let Some(rules) = rules {
        sampler.loaded.policy.put(&*table(MEMBERS, rules)?, &BTreeMap::new())?;
    }
    Ok(sampler)
}

fn of(way: Way) -> Vec<u8> {
    let mut frame = frame(64);
    if way == Way::Malformed {
        frame[14] = 0x55;
    }
    frame
}

/// Each frame must have gone the way that is measured.
fn check(way: Way, sampler: &mut Sampler, sent: u64) -> Result<()> {
    let all = Counts { packets: sent, bytes: sent * 64 };
    let snapshot = sampler.snapshot()?;
    let slot = if way == Way::NoSettings { 0 } else { SLOT };
    let port = &snapshot.ports[&slot];
    let mut cells = Counts::default();
    snapshot.pairs.values().for_each(|counts| cells.add(*counts));
    let mut malformed = Counts::default();
    port.malformed.values().for_each(|counts| malformed.add(*counts));
    let found = match way {
        Way::NoSettings => port.counters.unattributed,
        Way::Malformed => malformed,
        Way::NobodyRegistered | Way::Registered(_) => cells,
    };
    ensure!(port.counters.seen == all && found == all, "{way:?}: {all:?} sent, {found:?} found, {port:?}");
    Ok(())
}
