//! The choice of one frame in N: how many are let go by is drawn when one is chosen, so that a frame that is
//! not costs no random number.

/// Frames until the next one that is chosen, of one CPU and interface.
///
/// Gaps are uniform in 1..=2N-1, so their mean is N, and no rhythm of the traffic keeps step with them (sFlow
/// version 5 §3.1). The first one is what is left of such a gap at a moment of chance: each frame has its
/// chance of 1 in N from the first on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Countdown {
    /// Frames to let go by.
    left: u32,
    /// The rate that this was drawn for; 0 before the first.
    rate: u32,
}

impl Countdown {
    /// Whether this frame is chosen, at one in `rate`. `draw` gives uniform random numbers.
    #[inline(always)]
    pub fn is_chosen(&mut self, rate: u32, mut draw: impl FnMut() -> u32) -> bool {
        if self.rate != rate {
            let (one, other) = (gap(rate, draw()), gap(rate, draw()));
            *self = Self { left: if one < other { one } else { other }, rate };
        }
        if self.left > 0 {
            self.left -= 1;
            return false;
        }
        self.left = gap(rate, draw());
        rate != 0
    }
}

/// Frames between two that are chosen: 0..=2N-2, uniform but for less than N / 2³¹ of their chance. Rates above
/// 2³¹ are no longer told apart.
#[inline(always)]
const fn gap(rate: u32, draw: u32) -> u32 {
    let choices = rate.saturating_mul(2).saturating_sub(1);
    ((draw as u64 * choices as u64) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// SplitMix64 (Steele et al. 2014).
    struct Chance(u64);

    impl Chance {
        fn draw(&mut self) -> u32 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            u32::try_from((mixed ^ mixed >> 31) >> 32).expect("32 bits")
        }
    }

    /// Standard deviations that a count may be off by; once in 10¹⁵ a right one is.
    const SIGMAS: f64 = 8.0;

    #[test]
    fn one_in_n_frames_is_chosen() {
        let mut chance = Chance(1);
        for rate in [1u32, 2, 3, 10, 1000, 4096] {
            let mut countdown = Countdown::default();
            let frames = rate * 20_000;
            let chosen = (0..frames).filter(|_| countdown.is_chosen(rate, || chance.draw())).count();
            let expected = f64::from(frames) / f64::from(rate);
            let error = (f64::from(u32::try_from(chosen).expect("fits")) - expected).abs();
            // The variance of a uniform gap is a third of its mean's square.
            assert!(error <= SIGMAS * (expected / 3.0).sqrt(), "1:{rate}: {chosen} of {frames}");
        }
    }

    #[test]
    fn each_of_the_first_frames_has_the_same_chance() {
        const RATE: u32 = 16;
        const TRIES: u32 = 200_000;
        let mut chance = Chance(2);
        let mut chosen = [0u32; 80];
        for _ in 0..TRIES {
            let mut countdown = Countdown::default();
            for frame in &mut chosen {
                *frame += u32::from(countdown.is_chosen(RATE, || chance.draw()));
            }
        }
        let expected = f64::from(TRIES) / f64::from(RATE);
        // The smaller of two gaps stands for the rest of one: off by less than a part in 4 N².
        let bound = SIGMAS * expected.sqrt() + expected / 100.0;
        for (at, count) in chosen.into_iter().enumerate() {
            assert!((f64::from(count) - expected).abs() <= bound, "frame {at}: {count} of {TRIES}");
        }
    }

    #[test]
    fn a_frame_that_is_let_go_by_draws_nothing() {
        let mut countdown = Countdown::default();
        let mut draws = 0;
        let mut chosen = 0;
        for _ in 0..10_000 {
            let draw = || {
                draws += 1;
                u32::MAX / 2
            };
            chosen += u32::from(countdown.is_chosen(100, draw));
        }
        assert_eq!(draws, chosen + 2);
    }

    #[test]
    fn rate_zero_chooses_nothing() {
        for draw in [0, u32::MAX] {
            assert!(!Countdown::default().is_chosen(0, || draw));
        }
    }

    proptest! {
        #[test]
        fn a_new_rate_holds_from_the_next_frame_on(old in 1u32.., new in 1u32.., first: u32, second: u32) {
            let mut countdown = Countdown::default();
            let _first = countdown.is_chosen(old, || first);
            let mut draws = 0;
            let _second = countdown.is_chosen(new, || { draws += 1; second });
            prop_assert!(old == new || draws >= 2);
            prop_assert!(u64::from(countdown.left) <= u64::from(new) * 2 - 2);
        }
    }
}
