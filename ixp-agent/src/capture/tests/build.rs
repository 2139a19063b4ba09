//! Writes captures by hand, byte by byte, as no tool would.

/// A byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::capture) enum Order {
    Little,
    Big,
}

impl Order {
    fn u32(self, number: u32) -> [u8; 4] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    fn u16(self, number: u16) -> [u8; 2] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }
}

pub(in crate::capture) fn pcap(order: Order, magic: u32, network: u32, records: &[u8]) -> Vec<u8> {
    [
        &order.u32(magic)[..],
        &order.u16(2),
        &order.u16(4),
        &[0; 8],
        &order.u32(262_144),
        &order.u32(network),
        records,
    ]
    .concat()
}

pub(in crate::capture) fn record(order: Order, seconds: i64, ticks: u32, kept: &[u8], wire: u32) -> Vec<u8> {
    let seconds = u32::try_from(seconds).expect("32 bits of time");
    let words = [seconds, ticks, len(kept), wire].map(|word| order.u32(word));
    [words.as_flattened(), kept].concat()
}

pub(in crate::capture) fn option(order: Order, code: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).expect("a short option");
    [&order.u16(code)[..], &order.u16(length), &padded(value)].concat()
}

/// Blocks of one byte order.
pub(in crate::capture) struct Pcapng {
    order: Order,
    bytes: Vec<u8>,
    last: usize,
}

impl Pcapng {
    /// A section.
    pub(in crate::capture) fn new(order: Order) -> Self {
        let version = [order.u16(1), order.u16(0)].concat();
        let body = [&order.u32(0x1a2b_3c4d)[..], &version, &[0xff; 8]].concat();
        Self::just(order).block(0x0a0d_0d0a, &body)
    }

    /// No section, to go on with one.
    pub(in crate::capture) fn just(order: Order) -> Self {
        Self { order, bytes: Vec::new(), last: 0 }
    }

    pub(in crate::capture) fn block(mut self, kind: u32, body: &[u8]) -> Self {
        let length = self.order.u32(len(body) + 12);
        self.last = self.bytes.len();
        self.bytes.extend([&self.order.u32(kind)[..], &length, body, &length].concat());
        self
    }

    pub(in crate::capture) fn interface(self, link_type: u16, snap_length: u32, options: &[u8]) -> Self {
        let order = self.order;
        let fixed = [order.u16(link_type), [0; 2]].concat();
        self.block(1, &[&fixed[..], &order.u32(snap_length), options].concat())
    }

    pub(in crate::capture) fn enhanced(
        self,
        interface: u32,
        ticks: u64,
        kept: &[u8],
        wire: u32,
        options: &[u8],
    ) -> Self {
        let interface = self.order.u32(interface);
        self.packet(6, interface, ticks, kept, wire, options)
    }

    pub(in crate::capture) fn old(self, interface: u16, ticks: u64, kept: &[u8], wire: u32) -> Self {
        let [a, b] = self.order.u16(interface);
        self.packet(2, [a, b, 0xff, 0xff], ticks, kept, wire, &[])
    }

    fn packet(
        self,
        kind: u32,
        interface: [u8; 4],
        ticks: u64,
        kept: &[u8],
        wire: u32,
        options: &[u8],
    ) -> Self {
        let [high, low] = [ticks >> 32, ticks & 0xffff_ffff].map(|half| u32::try_from(half).expect("half"));
        let words = [high, low, len(kept), wire].map(|word| self.order.u32(word));
        let body = [&interface, words.as_flattened(), &padded(kept), options].concat();
        self.block(kind, &body)
    }

    pub(in crate::capture) fn simple(self, kept: &[u8], wire: u32) -> Self {
        let wire = self.order.u32(wire);
        self.block(3, &[&wire[..], &padded(kept)].concat())
    }

    /// Lets the last packet keep another number of bytes than it has.
    pub(in crate::capture) fn kept(mut self, kept: u32) -> Self {
        let at = self.last + 20;
        self.bytes[at..at + 4].copy_from_slice(&self.order.u32(kept));
        self
    }

    /// Lets the last block end in another length than it has.
    pub(in crate::capture) fn trailer(mut self, length: u32) -> Self {
        let at = self.bytes.len() - 4;
        self.bytes[at..].copy_from_slice(&self.order.u32(length));
        self
    }

    pub(in crate::capture) fn bytes(self) -> Vec<u8> {
        self.bytes
    }
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut padded = bytes.to_vec();
    padded.resize(bytes.len().next_multiple_of(4), 0);
    padded
}

fn len(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("a short text")
}
