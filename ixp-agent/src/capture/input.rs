//! A stream in, its bytes out by record; knows how far it got.

use std::io::{self, Read};

use super::{Error, Fault};

/// Room for the largest record that is looked into.
const CAPACITY: usize = 1024 * 1024;

/// A buffered stream.
pub(super) struct Input<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
    frames: u64,
}

impl<R: Read> Input<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, buffer: vec![0; CAPACITY], start: 0, end: 0, offset: 0, frames: 0 }
    }

    /// The next `len` bytes without taking them; fewer where the stream ends.
    pub(super) fn peek(&mut self, len: usize) -> Result<&[u8], Error> {
        if self.end - self.start < len {
            self.fill(len)?;
        }
        let have = (self.end - self.start).min(len);
        Ok(&self.buffer[self.start..self.start + have])
    }

    /// The next `len` bytes without taking them.
    pub(super) fn record(&mut self, len: usize) -> Result<&[u8], Error> {
        let cut = self.cut();
        match self.peek(len)? {
            bytes if bytes.len() == len => Ok(bytes),
            _ => Err(cut),
        }
    }

    /// As [`record`](Self::record), with nothing for the end of the stream.
    pub(super) fn header<const N: usize>(&mut self) -> Result<Option<[u8; N]>, Error> {
        let cut = self.cut();
        match self.peek(N)? {
            [] => Ok(None),
            bytes => bytes.first_chunk().copied().map(Some).ok_or(cut),
        }
    }

    /// Takes a record, and counts its frame.
    pub(super) fn take_frame(&mut self, len: usize) -> &[u8] {
        let start = self.start;
        self.consume(len);
        self.frames += 1;
        &self.buffer[start..self.start]
    }

    /// Takes bytes that were seen by [`peek`](Self::peek).
    pub(super) fn consume(&mut self, len: usize) {
        let len = len.min(self.end - self.start);
        self.start += len;
        self.offset += len as u64;
    }

    /// Takes a record of any length without looking at it.
    pub(super) fn skip(&mut self, len: u64) -> Result<(), Error> {
        let cut = self.cut();
        let mut left = len;
        while left > 0 {
            let have = self.peek(usize::try_from(left).unwrap_or(CAPACITY).min(CAPACITY))?.len();
            if have == 0 {
                return Err(cut);
            }
            self.consume(have);
            left -= have as u64;
        }
        Ok(())
    }

    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// An error of the record that starts here.
    pub(super) fn broken(&self, fault: Fault) -> Error {
        Error::Broken { offset: self.offset, frames: self.frames, fault }
    }

    fn cut(&self) -> Error {
        Error::Cut { offset: self.offset, frames: self.frames }
    }

    fn fill(&mut self, len: usize) -> Result<(), Error> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < len.min(CAPACITY) {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(0) => break,
                Ok(read) => self.end = (self.end + read).min(CAPACITY),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => {
                    return Err(Error::Read {
                        offset: self.offset + self.end as u64,
                        frames: self.frames,
                        source,
                    });
                }
            }
        }
        Ok(())
    }
}
