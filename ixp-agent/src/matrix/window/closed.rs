//! A step that is closed, as it goes to the store.

use std::collections::BTreeMap;
use std::sync::Arc;

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
    /// How much it was at most from one reading to the next; `None` where nobody looked.
    pub bursts: Option<Bursts>,
}

/// The most bytes per second between two readings, which are a second apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bursts {
    /// All frames.
    pub all: u64,
    /// What each member sent and received.
    pub members: BTreeMap<Asn, [u64; 2]>,
}
