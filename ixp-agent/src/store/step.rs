//! How long the intervals are that rows are sums of.

/// How long an interval is that rows are sums of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Ten seconds: the finest.
    TenSeconds,
    /// A minute.
    Minute,
    /// Five minutes.
    FiveMinutes,
    /// An hour.
    Hour,
    /// A day of UTC.
    Day,
}

impl Step {
    /// All of them, the finest first.
    pub const ALL: [Self; 5] = [Self::TenSeconds, Self::Minute, Self::FiveMinutes, Self::Hour, Self::Day];

    /// How long it is.
    #[must_use]
    pub const fn millis(self) -> i64 {
        1000 * match self {
            Self::TenSeconds => 10,
            Self::Minute => 60,
            Self::FiveMinutes => 300,
            Self::Hour => 3600,
            Self::Day => 86_400,
        }
    }

    /// The last of its multiples that is not behind a moment, in milliseconds.
    pub(super) const fn floor(self, moment: i64) -> i64 {
        moment.div_euclid(self.millis()) * self.millis()
    }

    /// The first of its multiples that is not before a moment, in milliseconds.
    pub(super) const fn ceil(self, moment: i64) -> i64 {
        self.floor(moment.saturating_add(self.millis() - 1))
    }

    /// The name in paths, options and queries.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TenSeconds => "10s",
            Self::Minute => "1m",
            Self::FiveMinutes => "5m",
            Self::Hour => "1h",
            Self::Day => "1d",
        }
    }

    /// The step of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_a_multiple_of_the_one_before() {
        for pair in Step::ALL.windows(2) {
            assert_eq!(pair[1].millis() % pair[0].millis(), 0);
            assert_eq!(Step::from_name(pair[0].name()), Some(pair[0]));
        }
    }
}
