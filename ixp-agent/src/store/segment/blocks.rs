//! What a segment's bytes are held against: a checksum for each block of its rows, which stands in its end, and the one in its
//! name, which follows from those and the end. So who asks for a little reads a little of it, and nothing of that unchecked.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::mem;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use crc32fast::Hasher;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use super::Error;

/// Bytes of a block.
const BLOCK: usize = 1 << 18;
/// What the checksums are called in a file's end, and what stands before and behind them there, so that they are found before
/// anything of it is parsed.
pub(super) const NAME: &str = "ixp.blocks";
const BEGIN: &str = "crc32:";
const END: u8 = b';';
/// What a Parquet file ends with, behind the length of its footer.
const MAGIC: [u8; 4] = *b"PAR1";
/// Bytes of a footer that is looked at, so that a damaged length takes no more memory. A file with a longer one is checked as a
/// whole.
const FOOTER: u64 = 1 << 26;

/// The checksums of what is written.
#[derive(Debug, Default)]
pub(super) struct Summing {
    /// Of the blocks that are over.
    blocks: Vec<u32>,
    /// Of all of those together.
    whole: Hasher,
    block: Hasher,
    /// Bytes of the block that is not over.
    begun: usize,
    bytes: u64,
}

impl Summing {
    /// More bytes.
    pub(super) fn take(&mut self, mut bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - self.begun));
            self.block.update(now);
            self.begun += now.len();
            if self.begun == BLOCK {
                self.close();
            }
            bytes = later;
        }
    }

    fn close(&mut self) {
        let block = mem::take(&mut self.block);
        self.whole.combine(&block);
        self.blocks.push(block.finalize());
        self.begun = 0;
    }

    /// How many bytes there were.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Ends the last block, behind which the end of the file comes; says what is to stand there.
    pub(super) fn told(&mut self) -> String {
        if self.begun > 0 {
            self.close();
        }
        let blocks: String = self.blocks.iter().map(|sum| format!("{sum:08x}")).collect();
        format!("{BEGIN}{}:{blocks}{}", self.bytes, char::from(END))
    }

    /// The checksum of all bytes.
    pub(super) fn finish(mut self) -> u32 {
        self.whole.combine(&self.block);
        self.whole.finalize()
    }
}

/// What the bytes of a segment are held against when they are first read.
#[derive(Debug)]
pub(in crate::store) struct Blocks {
    /// Bytes that have blocks. Those behind were checked already.
    covered: u64,
    sums: Vec<u32>,
    is_checked: Vec<AtomicBool>,
    /// The first that was wrong: what it is, and what it was.
    damage: OnceLock<[u32; 2]>,
}

impl Blocks {
    /// Of a file whose bytes are known to be those that were written.
    pub(in crate::store) const fn trusted() -> Self {
        Self { covered: 0, sums: Vec::new(), is_checked: Vec::new(), damage: OnceLock::new() }
    }

    /// Checks the end of a file, and gives what the rest is to be held against. One whose end tells of no blocks, as of those that
    /// older agents wrote, is checked as a whole.
    pub(in crate::store) fn read(path: &Path, named: u32) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::io(path))?;
        match Self::in_end(&file, named).map_err(Error::io(path))? {
            Some(blocks) => Ok(blocks),
            None => whole(path, named).map(|()| Self::trusted()),
        }
    }

    /// What the end of a file tells, if together with it the name is right.
    fn in_end(file: &File, named: u32) -> io::Result<Option<Self>> {
        let length = file.metadata()?.len();
        let mut last = [0; 8];
        let Some(at) = length.checked_sub(last.len() as u64) else { return Ok(None) };
        file.read_exact_at(&mut last, at)?;
        let [a, b, c, d, magic @ ..] = last;
        let footer = u64::from(u32::from_le_bytes([a, b, c, d]));
        let is_one = magic == MAGIC && footer <= FOOTER;
        let Some(start) = at.checked_sub(footer).filter(|_| is_one) else { return Ok(None) };
        let Some((covered, sums)) = found(&part(file, start, at)?).filter(|(covered, _)| *covered <= start)
        else {
            return Ok(None);
        };
        let mut sum = Hasher::new();
        for (block, block_sum) in (0u64..).zip(&sums) {
            let many = (covered - block * BLOCK as u64).min(BLOCK as u64);
            sum.combine(&Hasher::new_with_initial_len(*block_sum, many));
        }
        sum.update(&part(file, covered, length)?);
        let is_checked = sums.iter().map(|_| AtomicBool::new(false)).collect();
        let blocks = Self { covered, sums, is_checked, damage: OnceLock::new() };
        Ok((sum.finalize() == named).then_some(blocks))
    }

    /// What was found wrong, if anything: what a checksum is, and what it was.
    pub(super) fn damage(&self) -> Option<[u32; 2]> {
        self.damage.get().copied()
    }

    /// Checks the blocks that these bytes are in, unless that was done before.
    fn check(&self, file: &File, from: u64, to: u64) -> io::Result<()> {
        let to = to.min(self.covered);
        let mut at = from / BLOCK as u64 * BLOCK as u64;
        while at < to {
            let block = usize::try_from(at / BLOCK as u64).map_err(io::Error::other)?;
            let end = (at + BLOCK as u64).min(self.covered);
            if !self.is_checked[block].load(Ordering::Acquire) {
                let sum = crc32fast::hash(&part(file, at, end)?);
                if sum != self.sums[block] {
                    let _first = self.damage.set([sum, self.sums[block]]);
                    return Err(io::Error::other(format!("the bytes from {at} to {end} are damaged")));
                }
                self.is_checked[block].store(true, Ordering::Release);
            }
            at = end;
        }
        Ok(())
    }
}

/// What stands in a footer: how many bytes have blocks, and their checksums.
fn found(footer: &[u8]) -> Option<(u64, Vec<u32>)> {
    let begin = footer.windows(BEGIN.len()).rposition(|bytes| bytes == BEGIN.as_bytes())?;
    let told = &footer[begin + BEGIN.len()..];
    let told = std::str::from_utf8(&told[..told.iter().position(|byte| *byte == END)?]).ok()?;
    let (covered, sums) = told.split_once(':')?;
    let covered: u64 = covered.parse().ok()?;
    let is_as_long = sums.is_ascii() && covered.div_ceil(BLOCK as u64) * 8 == sums.len() as u64;
    let at = (0..sums.len()).step_by(8).filter(|_| is_as_long);
    let sums =
        at.map(|at| u32::from_str_radix(sums.get(at..at + 8)?, 16).ok()).collect::<Option<Vec<u32>>>()?;
    is_as_long.then_some((covered, sums))
}

/// The bytes of a file from one place to before another.
fn part(file: &File, from: u64, to: u64) -> io::Result<Vec<u8>> {
    let many = usize::try_from(to.saturating_sub(from)).map_err(io::Error::other)?;
    let mut bytes = vec![0; many];
    file.read_exact_at(&mut bytes, from)?;
    Ok(bytes)
}

/// Whether the bytes of a file are those that its name says.
pub(in crate::store) fn whole(path: &Path, named: u32) -> Result<(), Error> {
    let mut file = File::open(path).map_err(Error::io(path))?;
    let mut sum = Hasher::new();
    let mut bytes = vec![0; 1 << 16];
    loop {
        match file.read(&mut bytes) {
            Ok(0) => break,
            Ok(read) => sum.update(&bytes[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::io(path)(error)),
        }
    }
    let found = sum.finalize();
    if found != named {
        return Err(Error::Checksum { path: path.display().to_string(), found, named });
    }
    Ok(())
}

/// A segment of which nothing is read unchecked.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    file: Arc<File>,
    blocks: Arc<Blocks>,
}

impl Checked {
    pub(super) fn new(file: File, blocks: Arc<Blocks>) -> Self {
        Self { file: Arc::new(file), blocks }
    }
}

impl Length for Checked {
    fn len(&self) -> u64 {
        Length::len(&*self.file)
    }
}

impl ChunkReader for Checked {
    type T = BufReader<Rest>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(BufReader::new(Rest { of: self.clone(), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let end = start.saturating_add(length as u64);
        self.blocks.check(&self.file, start, end)?;
        Ok(part(&self.file, start, end)?.into())
    }
}

/// The bytes of a segment from one place on.
#[derive(Debug)]
pub(super) struct Rest {
    of: Checked,
    at: u64,
}

impl Read for Rest {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let Checked { file, blocks } = &self.of;
        // Whoever reads ahead needs nothing of the next block.
        let room = BLOCK - usize::try_from(self.at % BLOCK as u64).map_err(io::Error::other)?;
        let many = bytes.len().min(room);
        blocks.check(file, self.at, self.at + many as u64)?;
        let read = file.read_at(&mut bytes[..many], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    /// A file of some bytes, checksums, and an end, as a segment is one; its path, checksum, and where its end begins.
    fn file(folder: &Path, bytes: &[u8]) -> (std::path::PathBuf, u32, usize) {
        let mut summing = Summing::default();
        for piece in bytes.chunks(100_003) {
            summing.take(piece);
        }
        let footer = format!("an index {NAME} {} and more", summing.told());
        let length = u32::try_from(footer.len()).expect("short").to_le_bytes();
        let end = [footer.as_bytes(), &length, &MAGIC].concat();
        summing.take(&end);
        let all = [bytes, &end].concat();
        let sum = summing.finish();
        assert_eq!(sum, crc32fast::hash(&all));
        let path = folder.join("segment");
        fs::write(&path, &all).expect("a disk with room");
        (path, sum, bytes.len())
    }

    fn some(many: usize) -> Vec<u8> {
        (0..many).map(|at| (at * at / 7).to_le_bytes()[0]).collect()
    }

    fn read(path: &Path, blocks: &Arc<Blocks>, from: usize, many: usize) -> Result<Vec<u8>, ParquetError> {
        let checked = Checked::new(File::open(path).expect("it is there"), Arc::clone(blocks));
        let bytes = checked.get_bytes(from as u64, many)?;
        let mut again = vec![0; many];
        checked.get_read(from as u64)?.read_exact(&mut again)?;
        assert_eq!(bytes, again);
        Ok(again)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_flipped_bit_is_noticed_by_who_reads_its_block_and_by_nobody_else(
            many in 0..4 * BLOCK, at in any::<proptest::sample::Index>(), bit in 0u32..8, from in any::<proptest::sample::Index>(),
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            let bytes = some(many);
            let (path, sum, end) = file(folder.path(), &bytes);
            let blocks = Blocks::read(&path, sum).expect("it is whole");
            prop_assert_eq!(blocks.covered, many as u64);
            prop_assert_eq!(read(&path, &Arc::new(blocks), 0, many).expect("it is whole"), bytes.clone());
            let mut damaged = fs::read(&path).expect("it is there");
            let at = at.index(damaged.len());
            damaged[at] ^= 1 << bit;
            fs::write(&path, &damaged).expect("a disk with room");
            let blocks = Blocks::read(&path, sum);
            if at >= end {
                let is_checksum = matches!(blocks, Err(Error::Checksum { .. }));
                prop_assert!(is_checksum);
                return Ok(());
            }
            let blocks = Arc::new(blocks.expect("its end is whole"));
            let from = from.index(many);
            let length = (many - from).min(1000);
            let is_near = |place: usize| place / BLOCK == at / BLOCK;
            let found = read(&path, &blocks, from, length);
            if (from..from + length).any(is_near) {
                prop_assert!(found.is_err() && blocks.damage().is_some());
            } else {
                prop_assert_eq!(found.expect("another block"), &bytes[from..from + length]);
                prop_assert!(blocks.damage().is_none());
            }
        }

        #[test]
        fn what_a_file_ends_with_never_is_more_than_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200), end in any::<bool>()) {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("segment");
            let many = u32::try_from(BEGIN.len() + bytes.len()).expect("short").to_le_bytes();
            let all = if end { [BEGIN.as_bytes(), &bytes, &many, &MAGIC].concat() } else { bytes };
            fs::write(&path, &all).expect("a disk with room");
            let right = crc32fast::hash(&all);
            prop_assert!(Blocks::read(&path, right).is_ok());
            prop_assert!(Blocks::read(&path, !right).is_err());
        }
    }
}
