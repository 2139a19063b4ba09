//! How long a part is, and what becomes of it: ten seconds become five minutes, those an hour, hours a quarter of
//! a day, those a day, days a month.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::step::Step;
use super::table::Table;

/// The length of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// One interval, as it was counted.
    Interval,
    /// Five minutes.
    FiveMinutes,
    /// An hour.
    Hour,
    /// Six hours.
    Quarter,
    /// A day of UTC.
    Day,
    /// A month of UTC.
    Month,
}
use Level::{Day, FiveMinutes, Hour, Interval, Month, Quarter};

/// How the start of a part is written, in UTC.
const START: &str = "%Y%m%dT%H%M%SZ";

impl Level {
    /// All of them, the shortest first.
    pub(super) const ALL: [Self; 6] = [Interval, FiveMinutes, Hour, Quarter, Day, Month];

    /// The name in paths.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Interval => "10s",
            FiveMinutes => "5m",
            Hour => "1h",
            Quarter => "6h",
            Day => "1d",
            Month => "1mo",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    /// What parts of this length become part of.
    pub(super) const fn next(self) -> Option<Self> {
        match self {
            Interval => Some(FiveMinutes),
            FiveMinutes => Some(Hour),
            Hour => Some(Quarter),
            Quarter => Some(Day),
            Day => Some(Month),
            Month => None,
        }
    }

    /// The steps that a part of this length has; beside each those that are made of it, it first among them.
    pub(super) const fn made(self) -> &'static [(Step, &'static [Step])] {
        use Step::{FiveMinutes as Five, Minute, TenSeconds};
        match self {
            Interval => &[],
            FiveMinutes => &[(TenSeconds, &[TenSeconds, Minute, Five])],
            Hour => &[(TenSeconds, &[TenSeconds]), (Minute, &[Minute]), (Five, &[Five, Step::Hour])],
            Quarter => &[(Five, &[Five]), (Step::Hour, &[Step::Hour])],
            Day => &[(Step::Hour, &[Step::Hour, Step::Day])],
            Month => &[(Step::Day, &[Step::Day])],
        }
    }

    /// Whether rows of a step are in their last place with a part of this length: the more rows of a pair lie together, the less
    /// each takes; and the longer who reads the files waits for it, and the more of them who asks for an hour has to read.
    pub(super) const fn publishes(self, step: Step) -> bool {
        match self {
            Interval | FiveMinutes => false,
            Hour => matches!(step, Step::TenSeconds | Step::Minute),
            Quarter => matches!(step, Step::FiveMinutes),
            Day => matches!(step, Step::Hour),
            Month => matches!(step, Step::Day),
        }
    }

    /// Whether rows of a step that are in their last place may be of a part of this length: once those of five minutes were by the
    /// hour.
    pub(super) const fn may_have_published(self, step: Step) -> bool {
        self.publishes(step) || matches!((self, step), (Hour, Step::FiveMinutes))
    }

    /// Whether rows of a step have peaks in a part of this length, and those of pairs the most in a second. Of pairs they take
    /// as much room as all else, so they are kept by the hour; before, an hour's are made of them.
    pub(super) const fn keeps_peaks(self, table: Table, step: Step) -> bool {
        match (table, step) {
            (_, Step::TenSeconds) | (Table::Matrix, Step::Minute) => false,
            (Table::Matrix, Step::FiveMinutes) => matches!(self, FiveMinutes),
            (_, _) => true,
        }
    }

    /// The part of this length that a moment is in: its first moment and the first one behind it. Milliseconds since 1970.
    pub(super) fn around(self, millis: i64) -> (i64, i64) {
        let fixed = |length: i64| {
            let start = millis.div_euclid(length) * length;
            (start, start.saturating_add(length))
        };
        match self {
            Interval => fixed(Step::TenSeconds.millis()),
            FiveMinutes => fixed(Step::FiveMinutes.millis()),
            Hour => fixed(Step::Hour.millis()),
            Quarter => fixed(Step::Day.millis() / 4),
            Day => fixed(Step::Day.millis()),
            Month => month(millis).unwrap_or((millis, i64::MAX)),
        }
    }
}

fn month(millis: i64) -> Option<(i64, i64)> {
    let date = TimeZone::UTC.to_datetime(Timestamp::from_millisecond(millis).ok()?).date();
    let first = date.first_of_month();
    let millis = |date: DateTime| Some(TimeZone::UTC.to_timestamp(date).ok()?.as_millisecond());
    Some((millis(first.to_datetime(jiff::civil::Time::midnight()))?, {
        let next = first.checked_add(1.month()).ok()?;
        millis(next.to_datetime(jiff::civil::Time::midnight()))?
    }))
}

/// A moment as it stands in names.
pub(super) fn written(millis: i64) -> String {
    let moment = Timestamp::from_millisecond(millis).unwrap_or_default();
    moment.strftime(START).to_string()
}

/// The moment that stands in a name, in milliseconds.
pub(super) fn read(text: &str) -> Option<i64> {
    let date = DateTime::strptime(START, text).ok()?;
    Some(TimeZone::UTC.to_timestamp(date).ok()?.as_millisecond())
}

/// The date of a moment, as it stands in names of folders.
pub(super) fn date(millis: i64) -> String {
    let moment = Timestamp::from_millisecond(millis).unwrap_or_default();
    moment.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_lie_within_longer_ones(millis in -4_000_000_000_000i64..40_000_000_000_000) {
            let mut inner = Interval.around(millis);
            prop_assert!(inner.0 <= millis && millis < inner.1);
            for level in &Level::ALL[1..] {
                let outer = level.around(millis);
                prop_assert!(outer.0 <= inner.0 && inner.1 <= outer.1, "{:?}", level);
                prop_assert_eq!(level.around(outer.0), outer);
                inner = outer;
            }
        }

        #[test]
        fn a_start_is_read_as_it_was_written(seconds in 0i64..250_000_000_000) {
            prop_assert_eq!(read(&written(seconds * 1000)), Some(seconds * 1000));
        }
    }

    #[test]
    fn a_month_is_that_of_the_calendar() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time").as_millisecond();
        let february = Month.around(at("2028-02-29T23:59:59Z"));
        assert_eq!(february, (at("2028-02-01T00:00:00Z"), at("2028-03-01T00:00:00Z")));
        assert_eq!(
            (written(february.0).as_str(), date(february.1).as_str()),
            ("20280201T000000Z", "2028-03-01")
        );
    }

    #[test]
    fn each_step_is_made_once_and_published_once() {
        for step in Step::ALL {
            let publishing: Vec<&Level> = Level::ALL.iter().filter(|level| level.publishes(step)).collect();
            assert_eq!(publishing.len(), 1, "{step:?}");
            assert!(publishing[0].made().iter().any(|(_, made)| made.contains(&step)), "{step:?}");
        }
    }
}
