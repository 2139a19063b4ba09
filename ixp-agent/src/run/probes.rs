//! The time and the attached interfaces in, loop probes out of those that are due.

use std::time::{Duration, Instant};

use ixp_common::addr::Mac;
use tracing::{debug, info, warn};

use super::clock;
use super::watch::Watch;
use crate::config::Config;
use crate::kernel::Error;
use crate::kernel::inject::{Injector, probe};

/// What is sent where, and when.
pub(super) struct Probes {
    injector: Injector,
    source: Mac,
    due: Vec<Due>,
}

struct Due {
    /// The place of its interface in the configuration.
    attach: usize,
    every: Duration,
    next: Instant,
    /// Why the last one was not sent, as it was told.
    trouble: Option<String>,
}

impl Probes {
    /// `None` if no interface is to be probed. `source` is the address that the rules know as the monitor's.
    ///
    /// # Errors
    /// [`Error::Inject`].
    pub(super) fn new(config: &Config, source: Option<Mac>) -> Result<Option<Self>, Error> {
        let Some(source) = source else { return Ok(None) };
        let next = clock::instant();
        let due = config.attach.iter().enumerate().filter_map(|(at, attach)| {
            let every = attach.loop_probe?.unsigned_abs();
            info!(interface = attach.interface.as_str(), ?every, %source, "loop probes are sent");
            Some(Due { attach: at, every, next, trouble: None })
        });
        let due = due.collect();
        Ok(Some(Self { injector: Injector::open()?, source, due }))
    }

    /// Sends what is due. An interface that is away is left out until it is back.
    pub(super) fn look(&mut self, watch: &Watch) {
        let now = clock::instant();
        for due in self.due.iter_mut().filter(|due| due.next <= now) {
            due.next = now + due.every;
            let Some(interface) = watch.attached(due.attach) else { continue };
            let sent = self.injector.send(interface.index, &probe(self.source));
            let trouble = sent.err().map(|error| error.to_string());
            match &trouble {
                None => debug!(interface = %interface.name, "loop probe sent"),
                Some(_) if trouble == due.trouble => {}
                Some(error) => warn!(interface = %interface.name, %error, "no loop probe is sent"),
            }
            due.trouble = trouble;
        }
    }
}
