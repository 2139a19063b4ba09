//! What the agent says of the exchange: the table in force, and who has which address.

use core::ptr::read_volatile;

use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, HashMap};
use ixp_common::names;
use ixp_common::table::{AddressKey, PolicyTable};

#[map]
static POLICY_TABLES: Array<PolicyTable> = Array::with_max_entries(2, 0);

/// Which of them is in force: a variable, since a map of one entry would be looked up.
#[unsafe(no_mangle)]
static mut ACTIVE_TABLE: u32 = 0;

#[map]
static OWNERS: HashMap<AddressKey, u32> = HashMap::with_max_entries(names::OWNERS_ROOM, 0);

/// The table in force. Until the agent has written one, nothing is known and every rule off: it is all zero.
#[inline(always)]
pub fn table() -> Option<&'static PolicyTable> {
    let active = &raw const ACTIVE_TABLE;
    // SAFETY: a word that the agent alone writes, at once.
    POLICY_TABLES.get(unsafe { read_volatile(active) } & 1)
}

/// The interface that has an address; 0 if nobody has.
#[inline(always)]
pub fn owner(address: &AddressKey) -> u16 {
    // SAFETY: the value is copied at once; a generation's entries are removed after its last frame.
    let owner = unsafe { OWNERS.get(address) }.copied().unwrap_or(0);
    #[expect(clippy::cast_possible_truncation, reason = "the agent writes numbers of 16 bits")]
    let owner = owner as u16;
    owner
}
