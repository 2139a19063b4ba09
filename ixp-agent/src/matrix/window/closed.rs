//! A step that is closed, as it goes to the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use ixp_common::addr::VlanId;
use jiff::Timestamp;

use super::step::Records;
use crate::members::Asn;
use crate::pairs::PairId;
use crate::snapshot::{Delta, Measure};

/// What was counted in a step to which nothing more comes, but for what a clock that goes back brings.
#[derive(Debug, Clone)]
pub struct Closed<M: Measure> {
    /// Its first moment.
    pub start: Timestamp,
    /// How long was observed in it, in nanoseconds: less than its length where the agent began, ended, or did not read.
    pub observed: i128,
    /// All but what pairs exchanged.
    pub rest: Delta<PairId, M>,
    /// What pairs exchanged.
    pub pairs: Arc<Records<M>>,
    /// What sums do not tell; `None` where nobody looked.
    pub detail: Option<Detail>,
}

/// What the sums of a step do not tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Detail {
    /// The most bytes per second between two readings, which are a second apart, of all frames.
    pub burst: u64,
    /// The same of what each member sent and received.
    pub bursts: BTreeMap<Asn, [u64; 2]>,
    /// The same of what was sent on each VLAN.
    pub lans: BTreeMap<VlanId, u64>,
    /// The same of what each pair of the step exchanged, as its records have them; 0 where nobody knows.
    pub pairs: Vec<u64>,
    /// Frames by who sent them, `None` for nobody's, and by the largest size of their class; estimated by samples.
    pub sizes: BTreeMap<(Option<Asn>, u16), u64>,
}

/// The largest sizes of classes of frames with FCS, in bytes (RFC 2819, etherStatsPkts64Octets and its like); the last has
/// all that is larger.
pub const SIZES: [u16; 7] = [64, 127, 255, 511, 1023, 1518, u16::MAX];

impl Detail {
    /// A sample of a frame stands for so many. Its bytes are those without FCS.
    pub fn sample(&mut self, asn: Option<Asn>, bytes: u32, frames: u32) {
        let with_fcs = bytes.saturating_add(4);
        let class = SIZES.into_iter().find(|largest| with_fcs <= u32::from(*largest)).unwrap_or(u16::MAX);
        *self.sizes.entry((asn, class)).or_default() += u64::from(frames);
    }
}
