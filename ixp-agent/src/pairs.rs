//! tmp
use ixp_common::counters::PairKey;
use std::collections::HashMap;
/// tmp
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct PairId(u32);
impl PairId {
    /// tmp
    pub fn index(self) -> usize { self.0 as usize }
    #[cfg(test)]
    pub(crate) fn from_index(at: usize) -> Self { Self(at as u32) }
}
/// tmp
#[derive(Debug, Default)]
pub struct PairBook { keys: Vec<PairKey>, ids: HashMap<PairKey, PairId> }
impl PairBook {
    /// tmp
    pub fn id(&mut self, key: &PairKey) -> PairId {
        *self.ids.entry(*key).or_insert_with(|| { self.keys.push(*key); PairId(self.keys.len() as u32 - 1) })
    }
    /// tmp
    pub fn key(&self, id: PairId) -> &PairKey { &self.keys[id.index()] }
    /// tmp
    pub fn len(&self) -> usize { self.keys.len() }
}
