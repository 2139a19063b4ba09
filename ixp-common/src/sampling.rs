//! The choice of one frame in N: unbiased, each frame on its own.

/// Whether a frame is sampled at one in `rate`, given a uniform `draw`. The chance is exact where
/// `rate` divides 2³², and off by less than `rate` / 2³² of itself elsewhere.
#[inline(always)]
#[must_use]
pub const fn chosen(rate: u32, draw: u32) -> bool {
    (draw as u64 * rate as u64) >> 32 == 0 && rate != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_n_draws_is_chosen() {
        for rate in [1u32, 2, 3, 10, 1000, 4096] {
            let step = 9_973u32;
            let draws = u32::MAX / step;
            let hits = (0..draws).filter(|&at| chosen(rate, at * step)).count();
            let expected = f64::from(draws) / f64::from(rate);
            let error = (f64::from(u32::try_from(hits).expect("fits")) - expected).abs();
            assert!(error <= 1.0, "1:{rate}: {hits} of {draws}, not {expected}");
        }
    }

    #[test]
    fn rate_zero_samples_nothing() {
        assert!(!chosen(0, 0));
        assert!(!chosen(0, u32::MAX));
    }
}
