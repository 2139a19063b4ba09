//! `series`, `stats`, `top-talkers`: what is known of members' traffic, as an agent writes it.

use std::io::Write;

use clap::Args;
use jiff::Timestamp;

use super::Error;
use super::place::{Place, Question};
use crate::report::Format;

const SERIES: &str = "\
Examples:
  ixp-agent series 64500
  ixp-agent series 64500 --from -7d --step 1h --format csv > week.csv";

const STATS: &str = "\
Examples:
  ixp-agent stats
  ixp-agent stats --asn 64500 --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z
  ixp-agent stats --asn 64500 --peer 64501 --from -7d
  ixp-agent stats --from -90d --format csv > quarter.csv
  ixp-agent stats --store /var/lib/ixp-agent";

const TOP: &str = "\
Examples:
  ixp-agent top-talkers
  ixp-agent top-talkers --from -7d --top 20
  ixp-agent top-talkers --asn 64500 --family ipv6";

/// From when until when, and from which counts.
#[derive(Debug, Args)]
struct Time {
    /// From when on: RFC 3339, or relative as -7d
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from: Option<String>,
    /// Until when [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to: Option<String>,
    /// Counted (exact) or estimated by samples of switches (sampled) [default: what there is, first what was counted]
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Time {
    fn query(&self) -> [(&'static str, Option<&str>); 4] {
        [
            ("from", self.from.as_deref()),
            ("to", self.to.as_deref()),
            ("source", self.source.as_deref()),
            ("format", Some(self.format.name())),
        ]
    }
}

/// What a member sent and received, step by step
#[derive(Debug, Args)]
#[command(after_help = SERIES)]
pub struct SeriesArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Whose: an AS number
    #[arg(value_name = "ASN")]
    asn: String,
    /// How long a step is: 10s, 1m, 5m, 1h or 1d [default: the shortest that gives no more than 2,000]
    #[arg(long, value_name = "STEP")]
    step: Option<String>,
    #[command(flatten)]
    time: Time,
}

/// Averages, percentiles, peaks, growth and how full ports are
#[derive(Debug, Args)]
#[command(after_help = STATS)]
pub struct StatsArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Of this member alone [default: of all, each LAN and each member]
    #[arg(long, value_name = "ASN")]
    asn: Option<String>,
    /// Of what that member exchanges with this one
    #[arg(long, value_name = "ASN", requires = "asn")]
    peer: Option<String>,
    #[command(flatten)]
    time: Time,
}

/// Who exchanges most, and which pairs do
#[derive(Debug, Args)]
#[command(after_help = TOP)]
pub struct TopArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// How many
    #[arg(long, value_name = "N", default_value = "10")]
    top: String,
    /// What a line stands for: asn, or as in `matrix`
    #[arg(long, value_name = "BY", default_value = "asn")]
    by: String,
    /// Of this family alone: ipv4, ipv6, arp or other
    #[arg(long, value_name = "FAMILY")]
    family: Option<String>,
    /// Of this member alone, as source or as destination
    #[arg(long, value_name = "ASN")]
    asn: Option<String>,
    /// With this outer tag alone, 0 for untagged
    #[arg(long, value_name = "VLAN")]
    vlan: Option<String>,
    #[command(flatten)]
    time: Time,
}

/// Writes a member's steps.
///
/// # Errors
/// [`Error`].
pub fn series(args: &SeriesArgs, clock: fn() -> Timestamp, out: &mut impl Write) -> Result<(), Error> {
    let [from, to, source, format] = args.time.query();
    let path = format!("/api/v1/members/{}/series", super::escaped(&args.asn));
    let words = vec![from, to, ("step", args.step.as_deref()), source, format];
    args.place.copy(Question { path: &path, words, is_of_memory: false }, clock, out)
}

/// Writes what can be said of a time.
///
/// # Errors
/// [`Error`].
pub fn stats(args: &StatsArgs, clock: fn() -> Timestamp, out: &mut impl Write) -> Result<(), Error> {
    let [from, to, source, format] = args.time.query();
    let words = vec![from, to, ("asn", args.asn.as_deref()), ("peer", args.peer.as_deref()), source, format];
    args.place.copy(Question { path: "/api/v1/stats", words, is_of_memory: false }, clock, out)
}

/// Writes who exchanges most.
///
/// # Errors
/// [`Error`].
pub fn top(args: &TopArgs, clock: fn() -> Timestamp, out: &mut impl Write) -> Result<(), Error> {
    let [from, to, source, format] = args.time.query();
    let words = vec![
        ("by", Some(args.by.as_str())),
        ("top", Some(args.top.as_str())),
        from,
        to,
        ("family", args.family.as_deref()),
        ("asn", args.asn.as_deref()),
        ("vlan", args.vlan.as_deref()),
        source,
        format,
    ];
    args.place.copy(Question { path: "/api/v1/top-talkers", words, is_of_memory: true }, clock, out)
}
