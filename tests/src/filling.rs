//! A made-up exchange and a folder in, a store of its traffic out, step by step.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use ixp_agent::matrix::Window;
use ixp_agent::pairs::PairId;
use ixp_agent::snapshot::{Delta, Estimate, Measure};
use ixp_agent::store::disk::Disk;
use ixp_agent::store::{Counted, History, Keep, Told};
use ixp_common::counters::{Counts, PairKey};
use ixp_lab::clock;
use jiff::{SignedDuration, Timestamp};

use crate::spent;
use crate::synth::{STEP, Synth};

/// A store that is filled.
#[derive(Debug)]
pub struct Filling {
    /// Whose traffic it is.
    pub synth: Synth,
    /// What is filled.
    pub history: History,
    counting: Counting,
    keys: Vec<PairKey>,
    now: Timestamp,
    /// Seconds between two steps.
    stride: i64,
}

/// How it is known what was exchanged.
#[derive(Debug)]
enum Counting {
    Exact(Window<Counts>),
    /// One frame in so many is sampled.
    Sampled(Window<Estimate>, u64),
}

/// What was written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wrote {
    /// Pairs that exchanged anything in the step before.
    pub pairs: usize,
    /// How long it took.
    pub took: Duration,
    /// How long a processor worked on it.
    pub worked: Duration,
}

impl Filling {
    /// Begins at a moment, a multiple of ten seconds, and counts each frame.
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
        let keys = synth.book.keys().to_vec();
        let counting = Counting::Exact(window(begun));
        Ok(Self { synth, history, counting, keys, now: begun, stride: STEP })
    }

    /// Samples one frame in so many instead.
    #[must_use]
    pub fn sampling(mut self, one_in: u64) -> Self {
        self.counting = Counting::Sampled(window(self.now), one_in);
        self
    }

    /// Takes what was exchanged in so many seconds, a multiple of ten, for that of the last ten of them: there are as many
    /// rows of longer steps as there would be, and fewer of ten seconds.
    #[must_use]
    pub fn striding(mut self, seconds: i64) -> Self {
        self.stride = seconds;
        self
    }

    /// The end of what there is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A step more; what it took to write the one before.
    pub fn step(&mut self) -> Wrote {
        self.now += SignedDuration::from_secs(self.stride);
        let read = self.now - SignedDuration::from_millis(1);
        match &mut self.counting {
            Counting::Exact(window) => window.absorb(read, &self.synth.delta_of(self.now, self.stride)),
            Counting::Sampled(window, one_in) => window.absorb(read, &self.synth.sampled(self.now, *one_in)),
        }
        self.write()
    }

    /// Sums up what is over, and removes what is kept no longer.
    ///
    /// # Errors
    /// Those of the store.
    pub fn tend(&mut self) -> Result<()> {
        Ok(self.history.store().tend(self.now().as_millisecond(), &mut || true)?)
    }

    /// Writes the last step, whose pairs it gives, and sums up as if a minute had gone by.
    ///
    /// # Errors
    /// Those of the store.
    pub fn finish(&mut self) -> Result<usize> {
        match &mut self.counting {
            Counting::Exact(window) => window.finish(),
            Counting::Sampled(window, _) => window.finish(),
        }
        let wrote = self.write();
        self.history.store().tend(self.now().as_millisecond() + 60_000, &mut || true)?;
        Ok(wrote.pairs)
    }

    fn write(&mut self) -> Wrote {
        let keys = &mut self.keys;
        let (pairs, told) = match &mut self.counting {
            Counting::Exact(window) => taken(window, keys, Told::Exact),
            Counting::Sampled(window, _) => taken(window, keys, Told::Sampled),
        };
        let told = self.detailed(told);
        let (begun, worked) = (clock::now(), spent::by_this_thread());
        self.history.take(told, &self.synth.registry);
        Wrote { pairs, took: begun.elapsed(), worked: spent::by_this_thread().saturating_sub(worked) }
    }

    /// With what pairs do not tell.
    fn detailed(&self, mut told: Told) -> Told {
        if let Told::Exact(counted) = &mut told {
            for step in &mut counted.closed {
                step.detail = Some(self.synth.detail(step, self.stride));
            }
        }
        told
    }
}

fn window<M: Measure>(begun: Timestamp) -> Window<M> {
    let step = SignedDuration::from_secs(STEP);
    let mut window = Window::new(step, step, usize::MAX);
    window.hand_over();
    window.absorb(begun, &Delta::<PairId, M>::default());
    window
}

/// The steps that were closed, and how many pairs they have.
fn taken<M: Measure>(
    window: &mut Window<M>,
    keys: &mut Vec<PairKey>,
    told: impl FnOnce(Counted<M>) -> Told,
) -> (usize, Told) {
    let closed = window.take_closed();
    let keys = if closed.is_empty() { Vec::new() } else { std::mem::take(keys) };
    let counted = Counted { closed, keys };
    (counted.records(), told(counted))
}
