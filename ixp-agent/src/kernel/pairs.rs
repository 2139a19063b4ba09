//! The pair tables in, what each pair exchanged since the last reading out.

use aya::maps::Map;
use ixp_common::counters::Counts;
use ixp_common::names::{PAIRS, STRANGER_PAIRS};

use super::Error;
use super::hashed::HashedPairs;
use crate::pairs::{PairBook, PairId};

/// The pair tables: that of members, and that of pairs which forged addresses can make.
#[derive(Debug)]
pub struct PairTable {
    members: HashedPairs,
    strangers: HashedPairs,
    book: PairBook,
}

impl PairTable {
    /// Takes the maps.
    pub(super) fn new(members: Map, strangers: Map) -> Result<Self, Error> {
        let members = HashedPairs::new(PAIRS, members)?;
        let strangers = HashedPairs::new(STRANGER_PAIRS, strangers)?;
        Ok(Self { members, strangers, book: PairBook::default() })
    }

    /// Cells in use at the last reading: members', and strangers'.
    #[must_use]
    pub fn fill(&self) -> [usize; 2] {
        [self.members.fill(), self.strangers.fill()]
    }

    /// The pairs that were met, with the numbers by which they are told of.
    #[must_use]
    pub fn book(&self) -> &PairBook {
        &self.book
    }

    /// Appends what each pair exchanged since it was last told of. A pair can come several times: one that was
    /// registered while its first frames came can be in both tables. What is appended is told, and does not
    /// come again, even if reading fails behind it.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn grow(&mut self, grown: &mut Vec<(PairId, Counts)>) -> Result<(), Error> {
        self.members.grow(&mut self.book, grown)?;
        self.strangers.grow(&mut self.book, grown)
    }
}
