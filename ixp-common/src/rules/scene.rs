//! A frame's link layer and the table in; where the frame is and between whom out. Looked up once, for
//! counting and for the rules.

use crate::cells::CellKey;
use crate::frame::Link;
use crate::table::{Lan, PolicyTable, Station};

/// Where a frame is, and between whom, by the table.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The LAN of its outer tag.
    pub lan: &'a Lan,
    /// Who sent it.
    pub source: Station,
    /// The place of that station.
    pub place: u32,
    /// Whom it is for.
    pub destination: Station,
    /// Whether anybody is registered.
    has_stations: bool,
}

impl<'a> Scene<'a> {
    /// The scene of a frame.
    #[inline(always)]
    #[must_use]
    pub fn of(link: &Link, table: &'a PolicyTable) -> Self {
        let vlan = link.vlan();
        let (lan, home) = (table.lan(vlan), table.home(vlan));
        let (source, place) = table.station(home, link.source());
        let (destination, _) = table.station(home, link.destination());
        Self { lan, source, place, destination, has_stations: table.has_stations() }
    }

    /// Where the frame is counted.
    #[inline(always)]
    #[must_use]
    pub fn cell(&self, link: &Link) -> Place {
        let (source, destination) = (self.source.number(), self.destination.number());
        if source != 0 && destination != 0 {
            return Place::Cell(CellKey::new(source, destination, link.vlan(), link.family()));
        }
        let is_for_member = link.destination().is_group() || self.destination.is_registered();
        match self.has_stations && !(self.source.is_registered() && is_for_member) {
            true => Place::Strangers,
            false => Place::Members,
        }
    }
}

/// Where a frame is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a cell of two numbered stations.
    Cell(CellKey),
    /// Among the pairs of members: its source is registered, and so is its destination or that is a group.
    /// While nobody is registered, all are.
    Members,
    /// Among the pairs that forged addresses can make.
    Strangers,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addr::{Family, Mac, VlanId};
    use crate::bytes::Captured;
    use crate::frame;
    use crate::table::ANY_VLAN;
    use std::boxed::Box;
    use std::vec::Vec;

    fn mac(last: u8) -> Mac {
        Mac([2, 0, 0, 0, 0, last])
    }

    fn place(table: &PolicyTable, vlan: u8, source: Mac, destination: Mac) -> Place {
        let tag: &[u8] = if vlan == 0 { &[] } else { &[0x81, 0, 0, vlan] };
        let bytes: Vec<u8> = [&destination.0, &source.0, tag, &[0x88, 0xb5], &[0; 46]].concat();
        let link = frame::link(&Captured::whole(&bytes)).expect("it is sound");
        Scene::of(&link, table).cell(&link)
    }

    #[test]
    fn pairs_of_members_are_those_that_no_forged_address_can_make() {
        use Place::{Members, Strangers};
        let mut table = Box::new(PolicyTable::EMPTY);
        let group = Mac([0x33, 0x33, 0xff, 0, 0, 1]);
        assert_eq!(place(&table, 0, mac(8), mac(9)), Members, "while nobody is registered");
        table.set_lans(&[Lan::new(ANY_VLAN, 1500, 0), Lan::new(7, 1500, 0)]);
        let at = |vlan, number| Station::new(vlan, mac(number), 1, 0);
        table.set_stations(&mut [at(ANY_VLAN, 1), at(ANY_VLAN, 2), at(7, 1)]).expect("they fit");
        for (vlan, source, destination, expected) in [
            (0, mac(1), mac(2), Members),
            (0, mac(1), group, Members),
            (0, mac(8), mac(1), Strangers),
            (0, mac(1), mac(8), Strangers),
            (0, mac(8), group, Strangers),
            (0, group, mac(1), Strangers),
            // On another LAN.
            (7, mac(1), mac(2), Strangers),
        ] {
            assert_eq!(place(&table, vlan, source, destination), expected, "{vlan} {source} {destination}");
        }
    }

    #[test]
    fn numbered_stations_have_cells_by_the_tag_of_the_frame() {
        let mut table = Box::new(PolicyTable::EMPTY);
        table.set_lans(&[Lan::new(ANY_VLAN, 1500, 0)]);
        let at = |last, number| Station::new(ANY_VLAN, mac(last), 1, 0).numbered(number);
        table.set_stations(&mut [at(1, 5), at(2, 16_383), at(3, 0)]).expect("they fit");
        let cell = |vlan| CellKey::new(5, 16_383, VlanId::from_tci(vlan), Family::Other);
        assert_eq!(place(&table, 0, mac(1), mac(2)), Place::Cell(cell(0)));
        assert_eq!(place(&table, 9, mac(1), mac(2)), Place::Cell(cell(9)));
        assert_eq!(place(&table, 0, mac(1), mac(3)), Place::Members, "one that has no number");
        assert_eq!(place(&table, 0, mac(1), Mac::BROADCAST), Place::Members);
    }
}
