//! The text of a query in, checked values out.

use ixp_common::addr::{Family, VlanId};
use jiff::{SignedDuration, Timestamp};

use super::problem::Problem;
use crate::matrix::{By, Format};
use crate::members::Asn;
use crate::snapshot::Source;
use crate::store::Step;

/// A moment: RFC 3339, or relative to `now` as `-24h`.
pub(super) fn time(name: &str, text: &str, now: Timestamp) -> Result<Timestamp, Problem> {
    let wrong = || {
        Problem::bad_request(&format!(
            "{name}={text} is no time; write RFC 3339 as 2026-11-22T10:00:00Z, or relative as -24h"
        ))
    };
    if text == "now" {
        return Ok(now);
    }
    if let Some(ago) = text.strip_prefix('-') {
        let ago: SignedDuration = ago.parse().map_err(|_| wrong())?;
        return now.checked_sub(ago).map_err(|_| wrong());
    }
    text.parse().map_err(|_| wrong())
}

/// From when until when; without `to` it is now, and without `from` it is so long before.
pub(super) fn span(
    (from, to): (Option<&str>, Option<&str>),
    usual: SignedDuration,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), Problem> {
    let to = to.map_or(Ok(now), |to| time("to", to, now))?;
    let from = match from {
        Some(from) => time("from", from, now)?,
        None => before(to, usual)?,
    };
    in_order(from, to)?;
    Ok((from, to))
}

/// A time has a length.
pub(super) fn in_order(from: Timestamp, to: Timestamp) -> Result<(), Problem> {
    match from < to {
        true => Ok(()),
        false => Err(Problem::bad_request(&format!("from={from} is not before to={to}"))),
    }
}

/// So long before.
pub(super) fn before(to: Timestamp, time: SignedDuration) -> Result<Timestamp, Problem> {
    to.checked_sub(time).map_err(|_| Problem::bad_request("to is too early"))
}

/// What a cell stands for.
pub(super) fn by(text: &str) -> Result<By, Problem> {
    let found = By::ALL.into_iter().find(|by| by.name() == text);
    found.ok_or_else(|| {
        Problem::bad_request(&format!("by={text}; write mac, interface, asn, lan, switch or facility"))
    })
}

/// How long a step is.
pub(super) fn step(text: &str) -> Result<Step, Problem> {
    let wrong = || Problem::bad_request(&format!("step={text}; write 10s, 1m, 5m, 1h or 1d"));
    Step::from_name(text).ok_or_else(wrong)
}

/// How a matrix is written.
pub(super) fn format(text: &str) -> Result<Format, Problem> {
    let found = Format::ALL.into_iter().find(|format| format.name() == text);
    found.ok_or_else(|| {
        Problem::bad_request(&format!("format={text}; write table, json, csv, dense or parquet"))
    })
}

/// How the counts of a matrix came about.
pub(super) fn source(text: &str) -> Result<Source, Problem> {
    let found = [Source::Exact, Source::Sampled].into_iter().find(|source| source.name() == text);
    found.ok_or_else(|| Problem::bad_request(&format!("source={text}; write exact or sampled")))
}

/// An address family.
pub(super) fn family(text: &str) -> Result<Family, Problem> {
    let found = Family::ALL.into_iter().find(|family| family.name() == text);
    found.ok_or_else(|| Problem::bad_request(&format!("family={text}; write ipv4, ipv6, arp or other")))
}

/// An AS number, as `64500` or `AS64500`.
pub(super) fn asn(text: &str) -> Result<Asn, Problem> {
    let digits = text.strip_prefix("AS").unwrap_or(text);
    let number = digits
        .parse()
        .map_err(|_| Problem::bad_request(&format!("{text} is no AS number; write 64500 or AS64500")))?;
    Ok(Asn(number))
}

/// A VLAN, 0 for untagged.
pub(super) fn vlan(text: &str) -> Result<VlanId, Problem> {
    let wrong = || Problem::bad_request(&format!("vlan={text}; write 0 for untagged, or 1 to 4094"));
    text.parse().ok().and_then(VlanId::configured).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_absolute_or_relative() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().expect("a time");
        for (text, expected) in [
            ("-24h", "2026-11-21T10:00:00Z"),
            ("-90s", "2026-11-22T09:58:30Z"),
            ("now", "2026-11-22T10:00:00Z"),
            ("2026-11-22T11:00:00+02:00", "2026-11-22T09:00:00Z"),
        ] {
            assert_eq!(time("from", text, now).expect(text), expected.parse().expect("a time"), "{text}");
        }
        for text in ["", "-", "yesterday", "-9999999999h", "24h"] {
            assert!(time("from", text, now).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        assert!(vlan("4095").is_err() && vlan("-1").is_err() && vlan("4094").is_ok());
        assert!(asn("AS4294967296").is_err() && asn("AS64500").is_ok());
    }
}
