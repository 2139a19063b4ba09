//! Carries what `observe` finds into the maps.

use crate::packet::Packet;
use aya_ebpf::programs::XdpContext;
use aya_log_ebpf::warn;
use ixp_common::counters::{Outcome, PortCounters, malformed_index, oddity_index};
use ixp_common::frame::{Link, Malformed, Oddity};
use ixp_common::observe::{Broken, Sink};
use ixp_common::rules::Place;

use crate::cells::{self, Noted};
use crate::pairs::{self, Table};
use crate::{ports, rules, samples};

/// The maps, for one frame of one interface.
pub struct Counting<'a> {
    pub ctx: &'a XdpContext,
    pub ifindex: u32,
    pub slot: u32,
    pub counters: &'a mut PortCounters,
}

impl Sink<Packet> for Counting<'_> {
    #[inline(always)]
    fn seen(&mut self, bytes: u32) {
        self.counters.seen.add_frame(bytes);
    }

    #[inline(always)]
    fn pair(&mut self, link: &Link, place: Place, bytes: u32) {
        let is_first_missed = match place {
            Place::Cell(cell) => match cells::note(cell, self.slot, bytes) {
                Noted::Yes => return,
                Noted::Last(cpu) => cells::count(cpu),
                Noted::No => pairs::count(link, Table::Members, self.slot, bytes),
            },
            Place::Members => pairs::count(link, Table::Members, self.slot, bytes),
            Place::Strangers => pairs::count(link, Table::Strangers, self.slot, bytes),
        };
        // Once per CPU and interface; the counter tells the rest.
        if is_first_missed {
            warn!(self.ctx, "pair table full on interface {}", self.ifindex);
        }
    }

    #[inline(always)]
    fn malformed(&mut self, reason: Malformed, bytes: u32) {
        ports::reason(malformed_index(self.slot, reason), bytes);
    }

    #[inline(always)]
    fn unattributed(&mut self, bytes: u32) {
        self.counters.unattributed.add_frame(bytes);
    }

    #[inline(always)]
    fn odd(&mut self, oddity: Oddity, bytes: u32) {
        ports::reason(oddity_index(self.slot, oddity), bytes);
    }

    #[inline(always)]
    fn broken(&mut self, broken: &Broken) -> bool {
        rules::record(broken, self.slot)
    }

    #[inline(always)]
    fn tell(&mut self, packet: &Packet, broken: &Broken) {
        rules::tell(packet, broken, self.slot);
    }

    #[inline(always)]
    fn dropping(&mut self, outcome: Outcome, bytes: u32) {
        match outcome {
            Outcome::Dropped => self.counters.dropped.add_frame(bytes),
            Outcome::Passed | Outcome::WouldDrop => self.counters.would_drop.add_frame(bytes),
        }
    }

    #[inline(always)]
    fn consumed(&mut self, bytes: u32) {
        self.counters.consumed.add_frame(bytes);
    }

    #[inline(always)]
    fn is_chosen(&mut self, rate: u32) -> bool {
        samples::is_chosen(self.slot, rate)
    }

    #[inline(always)]
    fn sample(&mut self, packet: &Packet, rate: u32) {
        if samples::put(packet, self.ifindex, rate) {
            self.counters.samples += 1;
        } else {
            self.counters.samples_lost += 1;
        }
    }
}
