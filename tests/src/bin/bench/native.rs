//! Programs in C: a name in, one loaded and told of the same exchange as the sampler out.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use aya::maps::{Array, HashMap, MapData, PerCpuArray};
use aya::programs::{ProgramError, Xdp};
use aya::{Ebpf, EbpfLoader, Pod};
use ixp_common::counters::Counts;
use ixp_common::policy::PortPolicy;
use ixp_common::table::{PolicyTable, Station};
use ixp_ebpf::traffic::station;
use ixp_tests::kernel::IFINDEX;
use ixp_tests::sampler::SLOT;

use crate::exchange::{Rules, table};

/// The C programs.
const OBJECTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/ebpf");

/// Loads a C program's object.
///
/// # Errors
/// If it is not built, or the kernel refuses.
pub(crate) fn load(name: &str, loader: &mut EbpfLoader<'_>) -> Result<Ebpf> {
    let file = Path::new(OBJECTS).join(format!("bench-{name}.o"));
    let loaded = loader.btf(None).load_file(&file);
    let mut ebpf =
        loaded.with_context(|| format!("load {}: `cargo xtask bench` builds it", file.display()))?;
    let program: &mut Xdp = ebpf.program_mut(name).context("the object has no program")?.try_into()?;
    program.load().with_context(|| format!("load {name}"))?;
    Ok(ebpf)
}

/// The program of an object that [`load`] gave.
///
/// # Errors
/// If it has none of this name.
pub(crate) fn program<'e>(ebpf: &'e Ebpf, name: &str) -> Result<&'e Xdp> {
    let program = ebpf.program(name).context("the object has no program")?;
    program.try_into().map_err(|error: ProgramError| error.into())
}

/// Writes the settings, the table and where each station was last seen: by place, or with the station in a hash.
///
/// # Errors
/// If the object has not the maps of `sampler.h`.
pub(crate) fn tell(ebpf: &mut Ebpf, members: u16, rules: Rules) -> Result<Seen> {
    let mut take = |name| ebpf.take_map(name).with_context(|| format!("the object has no {name}"));
    let mut policies: Array<_, PortPolicy> = Array::try_from(take("NEAR_POLICIES")?)?;
    let mut tables: Array<_, PolicyTable> = Array::try_from(take("POLICY_TABLES")?)?;
    let mut known: Option<HashMap<_, u64, Known>> =
        take("STATIONS").ok().map(HashMap::try_from).transpose()?;
    let mut seats: Option<Array<_, Seat>> = take("SEATS").ok().map(Array::try_from).transpose()?;
    ensure!(known.is_some() != seats.is_some(), "the object finds stations in no way, or in two");
    let table = table(members, rules)?;
    let port = rules.port();
    for member in 0..members {
        let (station, place) = table.station(0, station(member));
        let seat = [station.key(), u64::from(port.seat())];
        if let Some(seats) = &mut seats {
            seats.set(place, seat, 0)?;
        }
        if let Some(known) = &mut known {
            known.insert(station.key(), Known { station, seat }, 0)?;
        }
    }
    policies.set(IFINDEX, port, 0)?;
    tables.set(0, *table, 0)?;
    Ok(Seen(PerCpuArray::try_from(take("PORT_COUNTERS")?)?))
}

/// `struct seat` of `table.h`.
type Seat = [u64; 2];

/// `struct known` of `stations-by-hash.h`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct Known {
    station: Station,
    seat: Seat,
}

// SAFETY: both parts are plain numbers, a multiple of eight bytes each, so nothing lies between them.
unsafe impl Pod for Known {}

/// Its counters of the interface.
pub(crate) struct Seen(PerCpuArray<MapData, PortCounters>);

/// `struct port_counters` of `sampler.h`: seen, other, consumed.
type PortCounters = [u64; 6];

impl Seen {
    /// Every frame that it saw. One that was not between stations, sound and transit is an error.
    ///
    /// # Errors
    /// Or if the kernel refuses.
    pub(crate) fn read(&self) -> Result<Counts> {
        let mut seen = Counts::default();
        for [packets, bytes, other, ..] in self.0.get(&SLOT, 0)?.iter().copied() {
            ensure!(other == 0, "{other} frames were not for a program in C");
            seen.add(Counts { packets, bytes });
        }
        Ok(seen)
    }
}
