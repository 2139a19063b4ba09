//! Addresses of registered stations in, the numbers that they are counted under out: an address keeps its number
//! for as long as the maps live, since cells are known by it.

use std::collections::HashMap;

use aya::maps::{Array, MapData};
use ixp_common::addr::Mac;
use ixp_common::cells::STATION_NUMBERS;
use ixp_common::names::NUMBERED;

use super::Error;

/// The numbers that were given out.
pub(super) struct Numbers {
    by_address: HashMap<Mac, u16>,
    addresses: Array<MapData, u64>,
}

impl Numbers {
    /// Takes the map; no number is given out yet.
    pub(super) fn new(addresses: Array<MapData, u64>) -> Self {
        Self { by_address: HashMap::new(), addresses }
    }

    /// The number of an address, which the kernel then knows; 0 when all were given out, and it is counted
    /// as those who have none.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub(super) fn of(&mut self, address: Mac) -> Result<u16, Error> {
        if let Some(number) = self.by_address.get(&address) {
            return Ok(*number);
        }
        let Some(number) = u16::try_from(self.by_address.len() + 1).ok().filter(|number| is_one(*number))
        else {
            return Ok(0);
        };
        let written = self.addresses.set(u32::from(number), address.to_bits(), 0);
        written.map_err(|error| Error::map("write", NUMBERED, error))?;
        self.by_address.insert(address, number);
        Ok(number)
    }
}

fn is_one(number: u16) -> bool {
    u32::from(number) < STATION_NUMBERS
}
