//! What the agent pushes down per interface, and what becomes of a frame there.

use crate::addr::Mac;

/// How the host stands to the fabric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Deployment {
    /// A mirror, SPAN or optical tap: what is counted has no business in the host's stack.
    Tap = 0,
    /// An ordinary peering port: own and flooded traffic only.
    Port = 1,
    /// A member-facing port of a bridge, or a bump in the wire: what passes here reaches others.
    Inline = 2,
}

impl Deployment {
    /// The name in the configuration, JSON and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tap => "tap",
            Self::Port => "port",
            Self::Inline => "inline",
        }
    }
}

/// What the rules say of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing against it.
    Pass,
}

/// What becomes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It goes on.
    Pass,
    /// It was a tap's copy, and ends here.
    Consume,
}

/// The settings of one attached interface, as the policy map holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct PortPolicy {
    slot: u32,
    sampling_rate: u32,
    host_mac: [u8; 6],
    deployment: u8,
    consume: u8,
}

const _: () = assert!(size_of::<PortPolicy>() == 16);

impl PortPolicy {
    /// The settings of the interface that counts in `slot` and has the address `host_mac`. One frame
    /// in `sampling_rate` is sampled, none if it is 0. `consume` takes effect on a tap alone.
    #[must_use]
    pub const fn new(
        slot: u32,
        deployment: Deployment,
        host_mac: Mac,
        consume: bool,
        sampling_rate: u32,
    ) -> Self {
        Self {
            slot,
            sampling_rate,
            host_mac: host_mac.0,
            deployment: deployment as u8,
            consume: consume as u8,
        }
    }

    /// The slot of the port counters.
    #[inline(always)]
    #[must_use]
    pub const fn slot(&self) -> u32 {
        self.slot
    }

    /// One frame in this many is sampled; 0 is none.
    #[inline(always)]
    #[must_use]
    pub const fn sampling_rate(&self) -> u32 {
        self.sampling_rate
    }

    /// What becomes of a frame to `destination` (zero if it has no readable address). Fails open:
    /// only a tap that consumes keeps anything back, and never what is for the host itself.
    #[inline(always)]
    #[must_use]
    pub fn action(&self, verdict: Verdict, destination: Mac) -> Action {
        let is_consuming_tap = self.deployment == Deployment::Tap as u8 && self.consume != 0;
        match verdict {
            Verdict::Pass if !is_consuming_tap => Action::Pass,
            Verdict::Pass if destination == Mac(self.host_mac) => Action::Pass,
            Verdict::Pass => Action::Consume,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: Mac = Mac([2, 0, 0, 0, 0, 9]);
    const OTHER: Mac = Mac([2, 0, 0, 0, 0, 1]);

    #[test]
    fn only_a_consuming_tap_keeps_frames_and_never_the_hosts_own() {
        let cases = [
            (Deployment::Tap, true, OTHER, Action::Consume),
            (Deployment::Tap, true, Mac::BROADCAST, Action::Consume),
            (Deployment::Tap, true, Mac::ZERO, Action::Consume),
            (Deployment::Tap, true, HOST, Action::Pass),
            (Deployment::Tap, false, OTHER, Action::Pass),
            (Deployment::Port, true, OTHER, Action::Pass),
            (Deployment::Inline, true, OTHER, Action::Pass),
            (Deployment::Inline, true, Mac::ZERO, Action::Pass),
        ];
        for (deployment, consume, destination, expected) in cases {
            let policy = PortPolicy::new(1, deployment, HOST, consume, 0);
            assert_eq!(policy.action(Verdict::Pass, destination), expected, "{deployment:?} {destination:?}");
        }
    }
}
