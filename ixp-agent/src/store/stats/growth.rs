//! What was sent on each day in, by how much that grows in a month and how sure that is out.

/// By how much something grows in a month.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// Part of the average: 0.02 is two percent more each month, in a straight line.
    pub per_month: f64,
    /// In 95 of 100 cases it is within this much of that, if days are independent of each other.
    pub error: f64,
    /// Days that it is of.
    pub days: usize,
}

/// Days that are too few to know.
const FEWEST: usize = 21;
/// Days of a month, on the average.
const MONTH: f64 = 30.436_875;

/// The straight line that fits best through the values of days, when each day of the week may be larger or smaller than the others:
/// least squares within days of the week.
#[expect(clippy::cast_precision_loss, reason = "numbers of days")]
pub(super) fn growth(days: &[(i64, f64)]) -> Option<Growth> {
    if days.len() < FEWEST {
        return None;
    }
    let mean = days.iter().map(|(_, value)| value).sum::<f64>() / days.len() as f64;
    if mean <= 0.0 {
        return None;
    }
    let points = without_weeks(days);
    let spread: f64 = points.iter().map(|(time, _)| time * time).sum();
    if spread <= 0.0 {
        return None;
    }
    let slope = points.iter().map(|(time, value)| time * value).sum::<f64>() / spread;
    let left: f64 = points.iter().map(|(time, value)| (value - slope * time).powi(2)).sum();
    // Seven means and a slope were taken from the data.
    let freedom = days.len() as f64 - 8.0;
    let error = student(freedom) * (left / freedom / spread).sqrt();
    Some(Growth { per_month: slope * MONTH / mean, error: error * MONTH / mean, days: days.len() })
}

/// Days and values less the means of their day of the week.
#[expect(clippy::cast_precision_loss, reason = "numbers of days")]
fn without_weeks(days: &[(i64, f64)]) -> Vec<(f64, f64)> {
    let mut means = [(0.0, 0.0, 0.0); 7];
    let weekday = |day: i64| usize::try_from(day.rem_euclid(7)).unwrap_or(0);
    for (day, value) in days {
        let (time, sum, many) = &mut means[weekday(*day)];
        *time += *day as f64;
        *sum += value;
        *many += 1.0;
    }
    let less = |(day, value): &(i64, f64)| {
        let (time, sum, many) = means[weekday(*day)];
        (*day as f64 - time / many, value - sum / many)
    };
    days.iter().map(less).collect()
}

/// What 95 of 100 values of Student's t are within; Abramowitz and Stegun, 26.7.5.
fn student(freedom: f64) -> f64 {
    let z: f64 = 1.959_964;
    let (third, fifth) = (z.powi(3), z.powi(5));
    z + (third + z) / (4.0 * freedom) + (5.0 * fifth + 16.0 * third + 3.0 * z) / (96.0 * freedom.powi(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_whatever_the_week_is_like() {
        let week = [1.0, 1.1, 1.1, 1.2, 1.0, 0.7, 0.6];
        let value = |(day, share): (i64, &f64)| (day, 1000.0 + 2.0 * day as f64 + 300.0 * share);
        let days: Vec<_> = (0..40).zip(week.iter().cycle()).map(value).collect();
        let found = growth(&days).expect("days enough");
        let mean = days.iter().map(|(_, value)| value).sum::<f64>() / 40.0;
        assert!((found.per_month - 2.0 * MONTH / mean).abs() < 1e-9, "{found:?}");
        assert!(found.error < 1e-9 && found.days == 40, "{found:?}");
        assert_eq!(growth(&days[..20]), None);
        assert_eq!(growth(&[(0, 0.0); 30].map(|(_, value)| (1, value))), None);
    }

    #[test]
    fn it_is_within_its_error_in_95_of_100_cases() {
        let mut state = 7u64;
        // Knuth's numbers for a linear congruence.
        let mut unit = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        let mut within = 0;
        for _ in 0..1000 {
            // Twelve make nearly a normal one.
            let mut noise = || (0..12).map(|_| unit()).sum::<f64>() - 6.0;
            let days: Vec<_> = (0..30).map(|day| (day, 1000.0 + day as f64 + 40.0 * noise())).collect();
            let found = growth(&days).expect("days enough");
            let mean = days.iter().map(|(_, value)| value).sum::<f64>() / 30.0;
            within += usize::from((found.per_month - MONTH / mean).abs() <= found.error);
        }
        assert!((930..=970).contains(&within), "{within}");
    }

    #[test]
    fn t_is_that_of_tables() {
        for (freedom, t) in [(13.0, 2.160), (22.0, 2.074), (60.0, 2.000), (1e6, 1.960)] {
            assert!((student(freedom) - t).abs() < 0.002, "{freedom}");
        }
    }
}
