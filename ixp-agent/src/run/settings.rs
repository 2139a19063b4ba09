//! The configuration file in, again on SIGHUP; orders to the reader of the counters out, and which of its keys wait for
//! a restart.

use std::sync::mpsc::Sender;

use tracing::{info, warn};

use super::drain::Order;
use crate::config::Config;
use crate::config::change::{rates, waiting};
use crate::config::load::Origin;

/// What the agent was started with, and whom to tell what of it is another.
pub(super) struct Settings<'a> {
    pub(super) started: &'a Config,
    pub(super) origin: &'a Origin,
    /// None while nothing is counted.
    pub(super) orders: Option<Sender<Order>>,
}

impl Settings<'_> {
    /// Reads the file again, if there is one. What cannot be used leaves all settings as they are, and says so.
    pub(super) fn again(&self) {
        let Some(file) = &self.origin.file else {
            return;
        };
        let config = match self.origin.load() {
            Ok(config) => config,
            Err(error) => {
                warn!("configuration not reloaded, the settings in force are kept: {error}");
                return;
            }
        };
        info!(file = %file.display(), "configuration read");
        if let Some(orders) = &self.orders {
            // Without a reader the agent is about to end.
            let _ending = orders.send(Order::Sample(rates(&config)));
        }
        let keys = waiting(self.started, &config);
        if !keys.is_empty() {
            warn!(keys = keys.join(", "), "changed in the file, and in force after a restart");
        }
    }
}
