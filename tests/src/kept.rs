//! What was exchanged in each ten seconds in, a store that has it out: what an agent would have kept.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use ixp_agent::matrix::Window;
use ixp_agent::members::{VlanTags, parse};
use ixp_agent::pairs::{PairBook, PairId};
use ixp_agent::snapshot::Delta;
use ixp_agent::store::disk::Scratch;
use ixp_agent::store::{Counted, History, Keep, Told};
use ixp_common::counters::{Counts, PairKey};
use jiff::{SignedDuration, Timestamp};

use crate::synth::STEP;

/// What pairs exchange in ten seconds.
pub type Cells = Vec<(PairKey, Counts)>;

/// Adds stretches of time to a store, as many as there are, with the time between them not observed. `begun` is a multiple
/// of ten seconds.
///
/// # Errors
/// The members are wrong, or the store cannot be opened.
pub fn keep(folder: &Path, members: &str, begun: Timestamp, stretch: &[Cells]) -> Result<()> {
    let registry = parse("members.toml", members, &VlanTags::new())?.0;
    let mut history = History::open(Arc::new(Scratch), folder, "ixp-ebpf tests", Keep::default())?;
    history.register(&registry, begun.as_millisecond());
    let step = SignedDuration::from_secs(STEP);
    let mut window = Window::new(step, step, usize::MAX);
    window.hand_over();
    window.absorb(begun, &Delta::default());
    let mut book = PairBook::default();
    let mut at = begun;
    for cells in stretch {
        let mut delta = Delta::<PairId>::default();
        for (key, counts) in cells {
            delta.seen.add(*counts);
            delta.pairs.push((book.id(key), *counts));
        }
        at = at.checked_add(step).context("a time")?;
        window.absorb(at - SignedDuration::from_millis(1), &delta);
    }
    window.finish();
    let counted = Counted { closed: window.take_closed(), keys: book.keys().to_vec() };
    history.take(Told::Exact(counted), &registry);
    Ok(())
}
