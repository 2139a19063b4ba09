//! Which frames of an interface are seen becomes a socket filter (Linux, networking/filter).

use std::os::fd::OwnedFd;

use anyhow::Result;

use super::Which;
use crate::socket::set;

/// A word of a frame, or of what the kernel knows of it, and what follows from it.
struct Test {
    at: At,
    then: Then,
}

enum At {
    Interface,
    PacketType,
    Byte(u32),
    Half(u32),
    Word(u32),
}

/// Where no test decides, the frame is seen.
enum Then {
    DropUnless(u32),
    DropIf(u32),
    SeeIfAbove(u32),
    SeeUnless(u32),
}

/// Lets through what `which` says of `interface`, whole, and nothing else.
pub(super) fn attach(socket: &OwnedFd, interface: libc::c_int, which: Which) -> Result<()> {
    let mut steps = program(&tests(interface.cast_unsigned(), which))?;
    let filter = libc::sock_fprog { len: u16::try_from(steps.len())?, filter: steps.as_mut_ptr() };
    set(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, filter)
}

fn tests(interface: u32, which: Which) -> Vec<Test> {
    const IPV6: u32 = 0x86dd;
    const ICMPV6: u32 = 58;
    const ROUTER_SOLICITATION: u32 = 133;
    let test = |at, then| Test { at, then };
    let outgoing = u32::from(libc::PACKET_OUTGOING);
    let mut tests = vec![test(At::Interface, Then::DropUnless(interface))];
    match which {
        Which::Sent => tests.push(test(At::PacketType, Then::DropUnless(outgoing))),
        Which::Received => {
            tests.push(test(At::PacketType, Then::DropUnless(u32::from(libc::PACKET_HOST))));
        }
        Which::ReceivedFromOthersThan(last) => {
            let [a, b, c, d, e, f] = last.mac().0;
            tests.extend([
                test(At::PacketType, Then::DropIf(outgoing)),
                // The source address from its third byte on, then from its first.
                test(At::Word(8), Then::SeeIfAbove(u32::from_be_bytes([c, d, e, f]))),
                test(At::Word(6), Then::SeeUnless(u32::from_be_bytes([a, b, c, d]))),
                test(At::Word(6), Then::DropIf(u32::from_be_bytes([a, b, c, d]))),
            ]);
        }
        Which::Solicitations => tests.extend([
            test(At::PacketType, Then::DropIf(outgoing)),
            test(At::Half(12), Then::DropUnless(IPV6)),
            test(At::Byte(20), Then::DropUnless(ICMPV6)),
            test(At::Byte(54), Then::DropUnless(ROUTER_SOLICITATION)),
        ]),
    }
    tests
}

/// Two steps for each test, then one that sees the frame and one that drops it.
fn program(tests: &[Test]) -> Result<Vec<libc::sock_filter>> {
    let mut steps = Vec::new();
    for (number, Test { at, then }) in tests.iter().enumerate() {
        let see = u8::try_from(2 * (tests.len() - number - 1))?;
        let drop = see + 1;
        let (compare, value, met, unmet) = match then {
            Then::DropUnless(value) => (libc::BPF_JEQ, value, 0, drop),
            Then::DropIf(value) => (libc::BPF_JEQ, value, drop, 0),
            Then::SeeIfAbove(value) => (libc::BPF_JGT, value, see, 0),
            Then::SeeUnless(value) => (libc::BPF_JEQ, value, 0, see),
        };
        steps.push(step(libc::BPF_LD | libc::BPF_ABS | at.size(), at.offset(), 0, 0)?);
        steps.push(step(libc::BPF_JMP | libc::BPF_K | compare, *value, met, unmet)?);
    }
    steps.push(step(libc::BPF_RET | libc::BPF_K, u32::MAX, 0, 0)?);
    steps.push(step(libc::BPF_RET | libc::BPF_K, 0, 0, 0)?);
    Ok(steps)
}

fn step(code: u32, k: u32, jt: u8, jf: u8) -> Result<libc::sock_filter> {
    Ok(libc::sock_filter { code: u16::try_from(code)?, jt, jf, k })
}

impl At {
    const fn size(&self) -> u32 {
        match self {
            Self::Interface | Self::PacketType | Self::Word(_) => libc::BPF_W,
            Self::Half(_) => libc::BPF_H,
            Self::Byte(_) => libc::BPF_B,
        }
    }

    const fn offset(&self) -> u32 {
        match self {
            Self::Interface => libc::SKF_AD_OFF.wrapping_add(libc::SKF_AD_IFINDEX).cast_unsigned(),
            Self::PacketType => libc::SKF_AD_OFF.wrapping_add(libc::SKF_AD_PKTTYPE).cast_unsigned(),
            Self::Byte(at) | Self::Half(at) | Self::Word(at) => *at,
        }
    }
}
