//! What members must not send: each sin has a member of its own, its frames, and the rules that must be told of it.

mod answer;
mod catalogue;
mod frame;
mod incident;
mod sinners;
mod witness;

pub use self::answer::Answering;
pub use self::catalogue::catalogue;
pub use self::incident::{Incident, Part};
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
    /// When they are sent.
    pub cue: Cue,
    /// The rules that must be held against the source.
    pub rules: Vec<(Rule, Told)>,
    /// The incident that it must be named in.
    pub part: Option<Part>,
}

/// What makes a sinner send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cue {
    /// The clock.
    Rate {
        /// Frames in all.
        count: u32,
        /// Frames per second.
        rate: u32,
    },
    /// A router solicitation that it hears: one frame for each.
    Solicitation,
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

    /// The member that the agent takes its frames to be of.
    #[must_use]
    pub const fn culprit(&self) -> Option<Station> {
        match self.source {
            Source::Own => Some(self.sinner),
            Source::Stolen(from) => Some(from),
            Source::Forged => None,
        }
    }

    /// How many of its first `sent` frames the switch hands to a member if nothing drops them.
    #[must_use]
    pub fn reaching(&self, member: Station, sent: u64) -> u64 {
        let kinds = self.frames.len() as u64;
        let times = |number: u64| sent / kinds + u64::from(number < sent % kinds);
        let reaching = (0..).zip(&self.frames).filter(|(_, frame)| is_handed_to(frame, member));
        reaching.map(|(number, _)| times(number)).sum()
    }
}

/// A switch hands a frame to all unless it knows its destination.
fn is_handed_to(frame: &[u8], member: Station) -> bool {
    let destination = frame.first_chunk::<6>().map_or(Mac::ZERO, |mac| Mac(*mac));
    Station::of(destination).is_none_or(|station| station == member)
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
