//! A made-up exchange and a folder in, a store of its traffic out, ten seconds at a time.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use ixp_agent::matrix::Window;
use ixp_agent::snapshot::Delta;
use ixp_agent::store::disk::Disk;
use ixp_agent::store::{Counted, History, Keep, Told};
use ixp_common::counters::{Counts, PairKey};
use ixp_lab::clock;
use jiff::{SignedDuration, Timestamp};

use crate::synth::{STEP, Synth};

/// A store that is filled.
#[derive(Debug)]
pub struct Filling {
    /// Whose traffic it is.
    pub synth: Synth,
    /// What is filled.
    pub history: History,
    window: Window<Counts>,
    keys: Vec<PairKey>,
    begun: Timestamp,
    steps: i64,
}

impl Filling {
    /// Begins at a moment: a multiple of ten seconds.
    ///
    /// # Errors
    /// The store cannot be opened.
    pub fn begin(
        disk: Arc<dyn Disk>,
        folder: &Path,
        keep: Keep,
        synth: Synth,
        begun: Timestamp,
    ) -> Result<Self> {
        let mut history = History::open(disk, folder, "ixp-ebpf synth", keep)?;
        history.register(&synth.registry, begun.as_millisecond());
        let step = SignedDuration::from_secs(STEP);
        let mut window = Window::new(step, step, usize::MAX);
        window.hand_over();
        window.absorb(begun, &Delta::default());
        let keys = synth.book.keys().to_vec();
        Ok(Self { synth, history, window, keys, begun, steps: 0 })
    }

    /// The end of what there is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.begun + SignedDuration::from_secs(self.steps * STEP)
    }

    /// Ten seconds more; gives how many pairs exchanged anything in the ten before, and how long it took to write those.
    pub fn step(&mut self) -> (usize, Duration) {
        self.steps += 1;
        let delta = self.synth.delta(self.now());
        self.window.absorb(self.now() - SignedDuration::from_millis(1), &delta);
        self.write()
    }

    /// Sums up what is over, and removes what is kept no longer.
    ///
    /// # Errors
    /// Those of the store.
    pub fn tend(&mut self) -> Result<()> {
        Ok(self.history.store().tend(self.now().as_millisecond(), &mut || true)?)
    }

    /// Writes the last ten seconds, whose pairs it gives, and sums up as if a minute had gone by.
    ///
    /// # Errors
    /// Those of the store.
    pub fn finish(&mut self) -> Result<usize> {
        self.window.finish();
        let (pairs, _) = self.write();
        self.history.store().tend(self.now().as_millisecond() + 60_000, &mut || true)?;
        Ok(pairs)
    }

    fn write(&mut self) -> (usize, Duration) {
        let mut closed = self.window.take_closed();
        if closed.is_empty() {
            return (0, Duration::ZERO);
        }
        closed.iter_mut().for_each(|step| step.detail = Some(self.synth.detail(step)));
        let counted = Counted { closed, keys: std::mem::take(&mut self.keys) };
        let pairs = counted.records();
        let begun = clock::now();
        self.history.take(Told::Exact(counted), &self.synth.registry);
        (pairs, begun.elapsed())
    }
}
