//! The real program, loaded and set up for the interface of a test run.

use anyhow::{Context as _, Result};
use aya::programs::{ProgramError, Xdp};
use ixp_agent::kernel::load::{self, Capacity, Loaded, Object};
use ixp_common::addr::Mac;
use ixp_common::counters::PortCounters;
use ixp_common::names;
use ixp_common::policy::{Deployment, PortPolicy};

use crate::counted::{Counted, Totals};
use crate::kernel::{IFINDEX, Outcome, run};

/// Where a test run counts, once there are settings for its interface.
pub const SLOT: u32 = 1;
/// The host's own address on the interface of a test run.
pub const HOST: Mac = Mac([0x02, 0, 0x5e, 0x10, 0, 0x99]);
/// Room for what a test sends.
pub const AMPLE: Capacity = Capacity { pairs: 1 << 14, stations: 1 << 12 };

/// The loaded program.
pub struct Sampler {
    /// Its maps and rings.
    pub loaded: Loaded,
    totals: Totals,
}

impl Sampler {
    /// Loads it. No interface has settings.
    ///
    /// # Errors
    /// If the kernel refuses, or a capability is missing.
    pub fn load(capacity: Capacity) -> Result<Self> {
        Ok(Self { loaded: load::load(&Object::find()?, capacity)?, totals: Totals::default() })
    }

    /// Gives the interface of a test run its settings.
    ///
    /// # Errors
    /// If the map takes them not.
    pub fn set(&mut self, policy: PortPolicy) -> Result<()> {
        Ok(self.loaded.policies.set(IFINDEX, policy)?)
    }

    /// The program.
    ///
    /// # Errors
    /// If the object has none of this name.
    pub fn program(&self) -> Result<&Xdp> {
        let program = self.loaded.ebpf.program(names::PROGRAM).context("the object has no sampler")?;
        program.try_into().map_err(|error: ProgramError| error.into())
    }

    /// Hands it a frame `repeat` times.
    ///
    /// # Errors
    /// As [`run`].
    pub fn run(&self, frame: &[u8], repeat: u32) -> Result<Outcome> {
        run(self.program()?, frame, repeat)
    }

    /// What all slots that a test uses have counted.
    ///
    /// # Errors
    /// If a map cannot be read.
    pub fn snapshot(&mut self) -> Result<Counted> {
        self.totals.read(&mut self.loaded.counters, SLOT)
    }

    /// What the slot of the test run has counted.
    ///
    /// # Errors
    /// If a map cannot be read.
    pub fn counters(&mut self) -> Result<PortCounters> {
        Ok(self.snapshot()?.ports.get(&SLOT).context("the slot is read")?.counters)
    }
}

/// Settings of a test run's interface.
#[must_use]
pub const fn policy(deployment: Deployment, consume: bool, sampling_rate: u32) -> PortPolicy {
    PortPolicy::new(SLOT, deployment, HOST, consume, sampling_rate)
}
