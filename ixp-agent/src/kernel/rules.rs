//! The tables of broken rules in, what each station broke out.

use std::collections::BTreeMap;

use aya::maps::{Map, MapData, PerCpuArray};
use ixp_common::addr::{Mac, VlanId};
use ixp_common::counters::{RuleCounts, RuleKey, RuleState, StationKey, rule_index};
use ixp_common::names::{RULES, RULES_MISSED, STRANGER_RULES};
use ixp_common::rules::Rule;

use super::Error;
use super::batch::PerCpuTable;

/// What the tables of broken rules hold.
pub struct Broken {
    /// Which rules each station broke.
    pub rules: BTreeMap<RuleKey, RuleCounts>,
    /// The frames of them since the last event, where there was one.
    pub untold: BTreeMap<RuleKey, u64>,
}

/// The tables of broken rules.
pub struct RuleTables {
    tables: [PerCpuTable<RuleKey, RuleState>; 2],
    missed: PerCpuArray<MapData, RuleState>,
}

impl RuleTables {
    /// Takes the maps.
    pub(super) fn new(registered: Map, strangers: Map, missed: Map) -> Result<Self, Error> {
        let none = RuleKey::new(StationKey::new(VlanId::UNTAGGED, Mac::ZERO), 0);
        let table = |name, map| PerCpuTable::new(name, map, none, RuleState::NEW);
        let missed =
            PerCpuArray::try_from(missed).map_err(|error| Error::map("type", RULES_MISSED, error))?;
        Ok(Self { tables: [table(RULES, registered)?, table(STRANGER_RULES, strangers)?], missed })
    }

    /// Reads which rules each station broke, over all slots and CPUs.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn read(&mut self) -> Result<Broken, Error> {
        let mut rules: BTreeMap<RuleKey, RuleCounts> = BTreeMap::new();
        let mut untold = BTreeMap::new();
        for table in &mut self.tables {
            // A station that was registered in between is in both.
            table.read(|key, values| {
                let sum = rules.entry(*key).or_default();
                values.iter().for_each(|state| sum.add(&state.counts));
                let waiting: u64 = values.iter().map(since_told).sum();
                if waiting > 0 {
                    *untold.entry(*key).or_default() += waiting;
                }
            })?;
        }
        Ok(Broken { rules, untold })
    }

    /// Reads the rules that were broken in a slot by stations for which there was no room.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn missed(&self, slot: u32) -> Result<BTreeMap<Rule, RuleCounts>, Error> {
        let mut missed = BTreeMap::new();
        for rule in Rule::ALL {
            let index = rule_index(slot, rule as u8);
            let values =
                self.missed.get(&index, 0).map_err(|error| Error::map("read", RULES_MISSED, error))?;
            let mut sum = RuleCounts::default();
            values.iter().for_each(|state| sum.add(&state.counts));
            if !sum.is_zero() {
                missed.insert(rule, sum);
            }
        }
        Ok(missed)
    }
}

/// Frames of a CPU since it told of one; a reading in between may find one fewer than it told of.
fn since_told(state: &RuleState) -> u64 {
    match state.told_at {
        0 => 0,
        _ => state.counts.broken.packets.saturating_sub(state.told_packets),
    }
}
