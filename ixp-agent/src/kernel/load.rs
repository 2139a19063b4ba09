//! An eBPF object in, a loaded program and its maps out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::PathBuf;

use aya::maps::{PerCpuArray, RingBuf};
use aya::programs::xdp::XdpLinkId;
use aya::programs::{ProgramError, Xdp};
use aya::{Ebpf, EbpfLoader};
use aya_log::EbpfLogger;
use ixp_common::cells::{LINE_CELLS, lines_for};
use ixp_common::counters::{Counts, PortCounters};
use ixp_common::names;
use object::{Object as _, ObjectSection as _};

use super::cells::CellTable;
use super::claims::Claims;
use super::interface::Promiscuous;
use super::pairs::PairTable;
use super::policy::PolicyMaps;
use super::ports::PortPolicies;
use super::read::Counters;
use super::ring::Rings;
use super::rules::RuleTables;
use super::{Error, cells, privilege};

static EMBEDDED: &[u8] = aya::include_bytes_aligned!(env!("IXP_EBPF_OBJECT_PATH"));

/// An eBPF object of this project, of the version that this agent speaks.
#[derive(Debug)]
pub struct Object {
    bytes: Cow<'static, [u8]>,
    /// Where it came from.
    pub origin: String,
}

/// How much the tables hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Cells of members' pairs.
    pub pairs: u32,
    /// Stations that are remembered as reported.
    pub stations: u32,
}

impl Capacity {
    /// Cells of other pairs, beside those of members.
    #[must_use]
    pub fn stranger_pairs(self) -> u32 {
        (self.pairs / names::STRANGER_PAIRS_PART).max(1)
    }

    /// Lines of cells between numbered stations, per CPU.
    fn cell_lines(self) -> u32 {
        lines_for(self.pairs)
    }

    /// Places for such cells, over all CPUs that are online.
    ///
    /// # Errors
    /// [`Error::Map`] if those are not known.
    pub fn places(self) -> Result<u64, Error> {
        Ok(u64::from(self.cell_lines()) * LINE_CELLS as u64 * u64::from(cells::cpus()?))
    }
}

/// The loaded program, taken apart by who uses it.
pub struct Loaded {
    /// Keeps the program and its links alive.
    pub ebpf: Ebpf,
    /// What holds it on the interface of each slot.
    pub(super) links: BTreeMap<u32, XdpLinkId>,
    /// What makes a tap's slot take frames for any address.
    pub(super) promiscuous: BTreeMap<u32, Promiscuous>,
    /// The settings per interface.
    pub policies: PortPolicies,
    /// What rules go by.
    pub policy: PolicyMaps,
    /// What it counts.
    pub counters: Counters,
    /// What it hands over.
    pub rings: Rings,
    /// What stations say of themselves.
    pub claims: Claims,
}

impl Object {
    /// The object that is built into the agent, or the one that `IXP_EBPF_OBJECT` names.
    ///
    /// # Errors
    /// [`Error::Object`], [`Error::NotAnObject`], [`Error::Abi`].
    pub fn find() -> Result<Self, Error> {
        let Some(path) = env::var_os("IXP_EBPF_OBJECT").map(PathBuf::from) else {
            return Self::new(Cow::Borrowed(EMBEDDED), "the built-in object".to_owned());
        };
        match fs::read(&path) {
            Ok(bytes) => Self::new(Cow::Owned(bytes), path.display().to_string()),
            Err(source) => Err(Error::Object { path, source }),
        }
    }

    fn new(bytes: Cow<'static, [u8]>, origin: String) -> Result<Self, Error> {
        let found = match abi(&bytes) {
            Ok(found) => found,
            Err(reason) => return Err(Error::NotAnObject { origin, reason }),
        };
        if found != names::ABI_VERSION {
            return Err(Error::Abi { origin, found, wanted: names::ABI_VERSION });
        }
        Ok(Self { bytes, origin })
    }
}

fn abi(bytes: &[u8]) -> Result<u32, String> {
    let file = object::File::parse(bytes).map_err(|error| error.to_string())?;
    let section = file.section_by_name(names::ABI_SECTION);
    let section = section.ok_or_else(|| format!("no section {}", names::ABI_SECTION))?;
    let words = section.data().map_err(|error| error.to_string())?;
    let word = words.first_chunk().ok_or_else(|| format!("section {} is empty", names::ABI_SECTION))?;
    Ok(u32::from_ne_bytes(*word))
}

/// Loads the program; nothing is attached yet.
///
/// # Errors
/// [`Error::Privilege`], [`Error::Load`], [`Error::Map`].
pub fn load(object: &Object, capacity: Capacity) -> Result<Loaded, Error> {
    privilege::check()?;
    let cpus = cells::cpus()?;
    let lines = capacity.cell_lines();
    let all = lines.checked_mul(cpus).ok_or(Error::TooManyPairs { pairs: capacity.pairs, cpus })?;
    let mut loader = EbpfLoader::new();
    // No CO-RE relocation is used, so the kernel's own BTF need not be parsed.
    loader.btf(None);
    loader.map_max_entries(names::PAIRS, capacity.pairs);
    loader.map_max_entries(names::STRANGER_PAIRS, capacity.stranger_pairs());
    loader.map_max_entries(names::STATIONS, capacity.stations);
    loader.map_max_entries(names::BATCHES, cpus);
    loader.map_max_entries(names::CELLS, all);
    loader.override_global(names::CELL_LINES, &lines, true);
    let mut ebpf = loader.load(&object.bytes).map_err(|error| Error::Load(error.into()))?;
    for name in names::RULE_PROGRAM_NAMES.into_iter().chain([names::PROGRAM]) {
        named(&mut ebpf, name)?.load().map_err(|error| Error::Load(error.into()))?;
    }
    let cells = CellTable::new(
        (take(&mut ebpf, names::BATCHES)?, take(&mut ebpf, names::CELLS)?),
        ebpf.map(names::NUMBERED).ok_or_else(|| absent(names::NUMBERED))?,
        cpus,
        lines,
    )?;
    let counters = Counters {
        ports: PerCpuArray::<_, PortCounters>::try_from(take(&mut ebpf, names::PORT_COUNTERS)?)
            .map_err(|error| Error::map("type", names::PORT_COUNTERS, error))?,
        reasons: PerCpuArray::<_, Counts>::try_from(take(&mut ebpf, names::REASON_COUNTERS)?)
            .map_err(|error| Error::map("type", names::REASON_COUNTERS, error))?,
        pairs: PairTable::new(
            cells,
            take(&mut ebpf, names::PAIRS)?,
            take(&mut ebpf, names::STRANGER_PAIRS)?,
        )?,
        rules: RuleTables::new(
            take(&mut ebpf, names::RULES)?,
            take(&mut ebpf, names::STRANGER_RULES)?,
            take(&mut ebpf, names::RULES_MISSED)?,
        )?,
    };
    let ring = |map, name| RingBuf::try_from(map).map_err(|error| Error::map("type", name, error));
    let rings = Rings {
        stations: ring(take(&mut ebpf, names::STATION_RING)?, names::STATION_RING)?,
        samples: ring(take(&mut ebpf, names::SAMPLE_RING)?, names::SAMPLE_RING)?,
        events: ring(take(&mut ebpf, names::EVENT_RING)?, names::EVENT_RING)?,
        log: EbpfLogger::init(&mut ebpf).map_err(|error| Error::map("type", "AYA_LOGS", error))?,
    };
    let claims = Claims::new(take(&mut ebpf, names::CLAIMS)?, take(&mut ebpf, names::SESSIONS)?)?;
    let policies =
        PortPolicies::new(take(&mut ebpf, names::PORT_POLICIES)?, take(&mut ebpf, names::FAR_PORTS)?)?;
    let policy = PolicyMaps::new(&mut ebpf)?;
    Ok(Loaded {
        ebpf,
        links: BTreeMap::new(),
        promiscuous: BTreeMap::new(),
        policies,
        policy,
        counters,
        rings,
        claims,
    })
}

impl Loaded {
    /// Takes the program off every interface; the maps stay readable.
    ///
    /// # Errors
    /// [`Error::Load`] if the kernel does not let go of it.
    pub fn detach(&mut self) -> Result<(), Error> {
        self.links.clear();
        self.promiscuous.clear();
        // Unloading drops the links, and a link that is dropped is detached.
        program(&mut self.ebpf)?.unload().map_err(|error| Error::Load(error.into()))
    }
}

/// The program in a loaded object.
///
/// # Errors
/// [`Error::Load`] if it is not there.
pub fn program(ebpf: &mut Ebpf) -> Result<&mut Xdp, Error> {
    named(ebpf, names::PROGRAM)
}

pub(super) fn named<'e>(ebpf: &'e mut Ebpf, name: &'static str) -> Result<&'e mut Xdp, Error> {
    let missing = || Error::Load(format!("the object has no program {name}").into());
    let program = ebpf.program_mut(name).ok_or_else(missing)?;
    program.try_into().map_err(|error: ProgramError| Error::Load(error.into()))
}

pub(super) fn take(ebpf: &mut Ebpf, name: &'static str) -> Result<aya::maps::Map, Error> {
    ebpf.take_map(name).ok_or_else(|| absent(name))
}

fn absent(name: &'static str) -> Error {
    Error::map("look-up", name, "not in the object")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_object_has_this_agents_abi() {
        assert_eq!(abi(EMBEDDED), Ok(names::ABI_VERSION));
    }

    #[test]
    fn what_is_no_object_is_refused_with_its_origin() {
        let error = Object::new(Cow::Borrowed(b"#!/bin/sh"), "x.o".to_owned()).expect_err("a script");
        assert!(error.to_string().starts_with("x.o is no sampler object"), "{error}");
    }
}
