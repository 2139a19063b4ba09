//! What members must not send: each sin has a member of its own, its frames, and the rules that must be told of it.

mod catalogue;
mod frame;
mod sinners;
mod witness;

pub use self::catalogue::catalogue;
pub use self::sinners::Sinners;
pub use self::witness::Witnesses;

use ixp_common::addr::Mac;
use ixp_common::rules::Rule;

use crate::link::LinkCounters;
use crate::station::Station;

/// One kind of frames that one member sends.
#[derive(Debug, Clone)]
pub struct Sin {
    /// What it is, in two words.
    pub name: &'static str,
    /// The member whose port its frames enter by.
    pub sinner: Station,
    /// What stands in its frames as the source.
    pub source: Source,
    /// The different frames, sent in turn.
    pub frames: Vec<Vec<u8>>,
    /// How many are sent.
    pub count: u32,
    /// Frames per second.
    pub rate: u32,
    /// The rules that must be held against the source.
    pub rules: Vec<(Rule, Told)>,
    /// Whom the switch hands its frames to.
    pub reach: Reach,
}

/// Whose address a frame claims to come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The sinner's own.
    Own,
    /// Another member's.
    Stolen(Station),
    /// One of [`forged`]'s, each frame another.
    Forged,
}

/// How many of a sin's frames a rule is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// All of them.
    Each,
    /// At least one: it depends on what was before. A frame of the owner that comes after a thief's moves, too.
    Some,
}

/// Whom the switch hands a frame to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Everybody.
    All,
    /// One member.
    Only(Station),
}

impl Sin {
    /// Whether what the agent holds against `mac`, or against stations that it does not list, is about this sin.
    #[must_use]
    pub fn is_by(&self, mac: Option<Mac>) -> bool {
        match self.source {
            Source::Own => mac == Some(self.sinner.mac()),
            Source::Stolen(from) => mac == Some(from.mac()),
            Source::Forged => mac.is_none_or(is_forged),
        }
    }

    /// Whether `station` gets its frames if nothing drops them.
    #[must_use]
    pub fn reaches(&self, station: Station) -> bool {
        match self.reach {
            Reach::All => true,
            Reach::Only(one) => one == station,
        }
    }
}

/// A sin as it was committed.
#[derive(Debug, Clone)]
pub struct Deed {
    /// Which.
    pub sin: Sin,
    /// Frames that the kernel took.
    pub sent: u64,
    /// What the kernel counted on the sinner's interface.
    pub link: LinkCounters,
    /// How many of the frames reached each member that keeps the rules.
    pub received: Vec<(Station, u64)>,
}

/// An address that no member has.
#[must_use]
pub const fn forged(number: u16) -> Mac {
    let [high, low] = number.to_be_bytes();
    Mac([0x02, 0x66, 0, 0, high, low])
}

const fn is_forged(mac: Mac) -> bool {
    matches!(mac.0, [0x02, 0x66, 0, 0, ..])
}
