//! sFlow version 5 (sflow.org, July 2004): samples in, datagrams out, and back.

pub mod decode;
pub mod encode;
pub mod listen;
mod record;
mod sample;
pub mod send;
#[cfg(test)]
mod tests;

pub use record::{
    CounterRecord, Ethernet, FlowRecord, Header, Interface, PROTOCOL_ETHERNET, SPEED_UNKNOWN, Switch,
};
pub use sample::{Counters, Discard, Flow, Port, Reason, Source};

/// What an sFlow datagram begins with.
const VERSION: u32 = 5;

/// Kinds of samples of sFlow itself.
mod kind {
    pub(super) const FLOW: u32 = 1;
    pub(super) const COUNTERS: u32 = 2;
    pub(super) const EXPANDED_FLOW: u32 = 3;
    pub(super) const EXPANDED_COUNTERS: u32 = 4;
    /// sFlow Dropped Packet Notification Structures (sflow.org, October 2020).
    pub(super) const DISCARD: u32 = 5;
}

/// Kinds of flow records of sFlow itself.
mod flow {
    pub(super) const HEADER: u32 = 1;
    pub(super) const SWITCH: u32 = 1001;
}

/// Kinds of counter records of sFlow itself.
mod counter {
    pub(super) const INTERFACE: u32 = 1;
    pub(super) const ETHERNET: u32 = 2;
}

/// Kinds of agent addresses.
mod address {
    pub(super) const IPV4: u32 = 1;
    pub(super) const IPV6: u32 = 2;
}

/// A kind that is nobody's but sFlow's own has enterprise 0 above its twelve bits.
const KIND_BITS: u32 = 12;
