//! Policy and members in, the tables that rules go by into the kernel: at the start, when members are
//! read again, and when a second MAC is no longer allowed.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ixp_common::policy::Deployment;
use ixp_common::rules::Rule;
use jiff::Timestamp;
use tracing::{info, warn};

use super::{Error, clock};
use crate::config::Config;
use crate::events::Settings;
use crate::kernel::load::Loaded;
use crate::live::{self, InForce, Live, Roster};
use crate::policy::applicable::{Ground, why_not};
use crate::policy::{Policy, Ports, Tables, build};

/// What tables are made of, and when new ones are due.
pub(super) struct Site {
    policy: Policy,
    ports: Ports,
    deployments: Vec<Deployment>,
    generation: u16,
    /// Which members the tables in force are of.
    loaded: Option<Timestamp>,
    /// When the tables were made.
    made: Timestamp,
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
        config: &Config,
        ports: Ports,
        loaded: &mut Loaded,
        roster: &Roster,
        live: &Mutex<Live>,
    ) -> Result<Self, Error> {
        let mut site = Self {
            policy: config.policy.clone(),
            ports,
            deployments: config.attach.iter().map(|attach| attach.deployment).collect(),
            generation: 0,
            loaded: roster.loaded,
            made: clock::now(),
            next: None,
            is_owed: false,
        };
        let fresh = site.put(loaded, roster)?;
        site.show(fresh, roster, &mut live.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(site)
    }

    /// Whether the tables in force are of other members.
    pub(super) fn is_older_than(&self, roster: &Roster) -> bool {
        roster.loaded != self.loaded
    }

    /// Puts new tables in force if members or time ask for them. If they cannot be, the old ones stay.
    pub(super) fn look(&mut self, loaded: &mut Loaded, roster: &Roster, live: &Mutex<Live>) {
        let is_over = is_over(clock::now(), self.made, self.next);
        if roster.loaded == self.loaded && !is_over && !self.is_owed {
            return;
        }
        self.loaded = roster.loaded;
        let outcome = self.put(loaded, roster);
        self.is_owed = matches!(outcome, Err(Error::Kernel(_)));
        let mut live = live.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(fresh) => self.show(fresh, roster, &mut live),
            Err(error) => {
                let error = error.to_string();
                if live.site.error.as_ref() != Some(&error) {
                    warn!("the rules go on by the members before: {error}");
                }
                live.site.error = Some(error);
            }
        }
    }

    /// Says what is in force to those who show it, and to those who put events together.
    fn show(&self, fresh: live::Site, roster: &Roster, live: &mut Live) {
        let Self { policy, ports, deployments, .. } = self;
        let ground = Ground { policy, registry: &roster.registry, deployments, ports };
        let reasons =
            Rule::ALL.into_iter().filter_map(|rule| Some((rule, why_not(rule, &ground)?.to_owned())));
        let inapplicable: BTreeMap<Rule, String> = reasons.collect();
        let exempt = policy.exempt.iter().flat_map(|exempt| {
            let rules = exempt.rules.unwrap_or_else(|| Rule::ALL.into_iter().collect());
            exempt.macs.iter().map(move |mac| (*mac, rules))
        });
        live.events.set(Settings {
            off: inapplicable.keys().copied().collect(),
            exempt: exempt.collect(),
            route_servers: &policy.route_servers | roster.registry.route_servers(),
            bgp_silence: policy.bgp_silence,
        });
        let actions = Rule::ALL.into_iter().map(|rule| (rule, policy.action(rule))).collect();
        live.in_force = InForce { profile: policy.profile.name().to_owned(), actions, inapplicable };
        live.site = fresh;
    }

    fn put(&mut self, loaded: &mut Loaded, roster: &Roster) -> Result<live::Site, Error> {
        let now = clock::now();
        let generation = self.generation.wrapping_add(1);
        (self.made, self.next) = (now, roster.registry.next_change(now));
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

/// Whether tables that were made at a time are those of another: a change ended, or the clock was ahead then and
/// is put right, so that one that had ended goes on.
fn is_over(now: Timestamp, made: Timestamp, next: Option<Timestamp>) -> bool {
    now < made || next.is_some_and(|next| next <= now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_over_when_a_change_is_and_when_the_clock_goes_back() {
        let at = |second| Timestamp::from_second(second).expect("in range");
        let cases =
            [(10, 10, None, false), (11, 10, Some(12), false), (12, 10, Some(12), true), (9, 10, None, true)];
        for (now, made, next, expected) in cases {
            assert_eq!(is_over(at(now), at(made), next.map(at)), expected, "{now} {made} {next:?}");
        }
    }
}
