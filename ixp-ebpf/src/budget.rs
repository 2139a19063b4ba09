//! What a CPU may still do in the current second.

/// A second, and how much of its budget is used.
#[repr(C)]
pub struct Budget {
    second: u64,
    used: u64,
}

impl Budget {
    /// Takes one of `most` per second, at `now` in nanoseconds; `false` if they are used up.
    #[inline(always)]
    pub fn take(&mut self, now: u64, most: u64) -> bool {
        let second = now / 1_000_000_000;
        if self.second != second {
            self.second = second;
            self.used = 0;
        }
        self.used += 1;
        self.used <= most
    }
}
