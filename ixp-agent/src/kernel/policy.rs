//! A table and the owners of addresses in; rules that go by them from one frame to the next.

use std::collections::BTreeMap;
use std::io;
use std::mem;

use aya::Ebpf;
use aya::maps::{Array, HashMap, MapData, MapError, ProgramArray};
use aya::programs::ProgramFd;
use ixp_common::names::{ACTIVE_TABLE, NUMBERED, OWNERS, POLICY_TABLES, RULE_PROGRAM_NAMES, RULE_PROGRAMS};
use ixp_common::table::{AddressKey, PolicyTable};

use super::Error;
use super::numbers::Numbers;

/// `MEMBARRIER_CMD_GLOBAL` (kernel 4.3): returns when every CPU has left what it was in, by
/// `synchronize_rcu`. A program runs inside such a section.
const MEMBARRIER_CMD_GLOBAL: libc::c_int = 1;

/// The maps of what is known of the exchange.
pub struct PolicyMaps {
    tables: Array<MapData, PolicyTable>,
    active: Array<MapData, u32>,
    owners: HashMap<MapData, AddressKey, u32>,
    numbers: Numbers,
    /// Which program holds frames of which kind against the rules; filled with the first table.
    programs: ProgramArray<MapData>,
    rules: Vec<ProgramFd>,
    /// What [`ACTIVE_TABLE`] says; the other is to be the next.
    in_force: u32,
    /// The owners of the table in force.
    current: Vec<AddressKey>,
    /// Those of earlier ones, which a frame may still have been using.
    stale: Vec<AddressKey>,
}

impl PolicyMaps {
    /// Takes the maps of an object whose programs are loaded; no table is in force.
    pub(super) fn new(ebpf: &mut Ebpf) -> Result<Self, Error> {
        let fds = RULE_PROGRAM_NAMES.into_iter().map(|name| {
            let fd = super::load::named(ebpf, name)?.fd().and_then(|fd| Ok(fd.try_clone()?));
            fd.map_err(|error| Error::Load(error.into()))
        });
        let rules = fds.collect::<Result<_, Error>>()?;
        let mut take = |name| super::load::take(ebpf, name);
        let wrong = |name| move |error: MapError| Error::map("type", name, error);
        Ok(Self {
            tables: Array::try_from(take(POLICY_TABLES)?).map_err(wrong(POLICY_TABLES))?,
            active: Array::try_from(take(ACTIVE_TABLE)?).map_err(wrong(ACTIVE_TABLE))?,
            owners: HashMap::try_from(take(OWNERS)?).map_err(wrong(OWNERS))?,
            numbers: Numbers::new(Array::try_from(take(NUMBERED)?).map_err(wrong(NUMBERED))?),
            programs: ProgramArray::try_from(take(RULE_PROGRAMS)?).map_err(wrong(RULE_PROGRAMS))?,
            rules,
            in_force: 0,
            current: Vec::new(),
            stale: Vec::new(),
        })
    }

    /// Puts a table in force, whose generation is another than that of the one before, with a number for each
    /// station. A frame sees the one or the other, with its own owners.
    ///
    /// # Errors
    /// [`Error::Map`]; the table before stays in force.
    pub fn put(&mut self, table: &PolicyTable, owners: &BTreeMap<AddressKey, u16>) -> Result<(), Error> {
        self.forget_stale()?;
        let next = 1 - self.in_force;
        if let Err(error) = self.write(next, table, owners) {
            self.stale.extend(owners.keys());
            return Err(error);
        }
        self.in_force = next;
        self.stale = mem::replace(&mut self.current, owners.keys().copied().collect());
        // What cannot be forgotten by now waits for the next table.
        if every_cpu_moved_on() {
            let _later: Result<(), Error> = self.forget_stale();
        }
        Ok(())
    }

    fn write(
        &mut self,
        entry: u32,
        table: &PolicyTable,
        owners: &BTreeMap<AddressKey, u16>,
    ) -> Result<(), Error> {
        for (address, interface) in owners {
            let written = self.owners.insert(address, u32::from(*interface), 0);
            written.map_err(|error| Error::map("write", OWNERS, error))?;
        }
        let table = self.numbered(table)?;
        let written = self.tables.set(entry, *table, 0);
        written.map_err(|error| Error::map("write", POLICY_TABLES, error))?;
        for (number, program) in (0u32..).zip(&self.rules) {
            let written = self.programs.set(number, program, 0);
            written.map_err(|error| Error::map("write", RULE_PROGRAMS, error))?;
        }
        self.rules.clear();
        self.active.set(0, entry, 0).map_err(|error| Error::map("write", ACTIVE_TABLE, error))
    }

    fn numbered(&mut self, table: &PolicyTable) -> Result<Box<PolicyTable>, Error> {
        let mut table = Box::new(*table);
        let mut failed = None;
        table.number_stations(|address| {
            self.numbers.of(address).unwrap_or_else(|error| {
                failed = Some(error);
                0
            })
        });
        failed.map_or(Ok(table), Err)
    }

    fn forget_stale(&mut self) -> Result<(), Error> {
        while let Some(address) = self.stale.last() {
            match self.owners.remove(address) {
                // An owner that was never written is as good as forgotten.
                Ok(()) | Err(MapError::KeyNotFound) => {}
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(Error::map("write", OWNERS, error)),
            }
            self.stale.pop();
        }
        Ok(())
    }
}

fn is_absent(error: &MapError) -> bool {
    matches!(error, MapError::SyscallError(error) if error.io_error.kind() == io::ErrorKind::NotFound)
}

/// Waits until no CPU runs a program that began before; false if the kernel cannot say.
fn every_cpu_moved_on() -> bool {
    // SAFETY: the call takes no pointer.
    unsafe { libc::syscall(libc::SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0 }
}
