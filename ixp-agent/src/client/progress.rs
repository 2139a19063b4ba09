//! What comes of a long answer in, a line on a terminal that says how far it is out.

use std::io::{self, IsTerminal as _, Write as _};

use jiff::Timestamp;

/// Bytes between two times that it is told.
const OFTEN: u64 = 1 << 20;
/// As long as a time is at least: `2026-11-30T10:00:00Z`.
const TIME: usize = 20;

/// How far an answer is. It is told where the answer goes to a file and somebody looks on.
#[derive(Debug)]
pub(super) struct Progress {
    is_shown: bool,
    bytes: u64,
    told: u64,
}

impl Progress {
    pub(super) fn new() -> Self {
        let is_shown = io::stderr().is_terminal() && !io::stdout().is_terminal();
        Self { is_shown, bytes: 0, told: 0 }
    }

    /// More has come.
    pub(super) fn more(&mut self, piece: &[u8]) {
        self.bytes += piece.len() as u64;
        if self.is_shown && self.bytes >= self.told + OFTEN {
            self.told = self.bytes;
            let at = last_time(piece).map(|at| format!(", up to {at}")).unwrap_or_default();
            // Who cannot be told is not.
            let _unseen = write!(io::stderr(), "\r\x1b[K{} MB{at}", self.bytes / 1_000_000);
        }
    }

    /// All has come.
    pub(super) fn end(&self) {
        if self.told > 0 {
            let _unseen = writeln!(io::stderr(), "\r\x1b[K{} MB", self.bytes / 1_000_000);
        }
    }
}

/// The last time that begins a line of CSV or stands in a field of JSON.
fn last_time(piece: &[u8]) -> Option<Timestamp> {
    let mut times = piece.windows(TIME).rev().filter(|window| window[10] == b'T' && window[TIME - 1] == b'Z');
    times.find_map(|window| str::from_utf8(window).ok()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_time_of_a_piece_is_found_in_csv_and_json() {
        let found = |piece: &str| last_time(piece.as_bytes()).map(|at| at.to_string());
        let csv = "2026-11-30T10:00:00Z,2026-11-30T11:00:00Z,3600000,1,2\n2026-11-30T11:0";
        assert_eq!(found(csv).as_deref(), Some("2026-11-30T11:00:00Z"));
        let json = "{\"from\":\"2026-11-30T10:00:00Z\",\"byTTTTTTTTTTTTTTTTTTTTTZ\":1}";
        assert_eq!(found(json).as_deref(), Some("2026-11-30T10:00:00Z"));
        assert_eq!(found("PAR1"), None);
    }
}
