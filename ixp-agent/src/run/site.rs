//! Policy and members in, the tables that rules go by into the kernel: at the start, when members are
//! read again, and when a second MAC is no longer allowed.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use tracing::{info, warn};

use super::{Error, clock};
use crate::kernel::load::Loaded;
use crate::live::{self, Live, Roster};
use crate::policy::{Policy, Ports, Tables, build};

/// What tables are made of, and when new ones are due.
pub(super) struct Site {
    policy: Policy,
    ports: Ports,
    generation: u16,
    /// Which members the tables in force are of.
    loaded: Option<Timestamp>,
    /// When a MAC is no longer registered.
    next: Option<Timestamp>,
    /// Whether the kernel did not take the latest tables, which it may the next time.
    is_owed: bool,
}

impl Site {
    /// Puts the first tables in force.
    ///
    /// # Errors
    /// [`Error::Policy`], [`Error::Kernel`].
    pub(super) fn first(
        policy: Policy,
        ports: Ports,
        loaded: &mut Loaded,
        roster: &Roster,
        live: &Mutex<Live>,
    ) -> Result<Self, Error> {
        let mut site =
            Self { policy, ports, generation: 0, loaded: roster.loaded, next: None, is_owed: false };
        let fresh = site.put(loaded, roster)?;
        live.lock().unwrap_or_else(PoisonError::into_inner).site = fresh;
        Ok(site)
    }

    /// Puts new tables in force if members or time ask for them. If they cannot be, the old ones stay.
    pub(super) fn look(&mut self, loaded: &mut Loaded, roster: &Roster, live: &Mutex<Live>) {
        let is_over = self.next.is_some_and(|next| next <= clock::now());
        if roster.loaded == self.loaded && !is_over && !self.is_owed {
            return;
        }
        self.loaded = roster.loaded;
        let outcome = self.put(loaded, roster);
        self.is_owed = matches!(outcome, Err(Error::Kernel(_)));
        let mut live = live.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(fresh) => live.site = fresh,
            Err(error) => {
                let error = error.to_string();
                if live.site.error.as_ref() != Some(&error) {
                    warn!("the rules go on by the members before: {error}");
                }
                live.site.error = Some(error);
            }
        }
    }

    fn put(&mut self, loaded: &mut Loaded, roster: &Roster) -> Result<live::Site, Error> {
        let now = clock::now();
        let generation = self.generation.wrapping_add(1);
        self.next = roster.registry.next_change(now);
        let tables = build(&self.policy, &roster.registry, &self.ports, now, generation)?;
        loaded.policy.put(&tables.table, &tables.owners)?;
        self.generation = generation;
        told(&tables);
        Ok(live::Site { since: Some(now), notices: tables.notices, error: None })
    }
}

fn told(tables: &Tables) {
    info!(interfaces = tables.interfaces.len(), addresses = tables.owners.len(), "rules in force");
    for notice in &tables.notices {
        warn!("{notice}");
    }
}
