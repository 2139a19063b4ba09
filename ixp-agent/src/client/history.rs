//! `series`, `stats`, `top-talkers`: what is known of members' traffic, as the running agent writes it.

use std::io::Write;

use clap::Args;

use super::{Error, Server};
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
  ixp-agent stats --from -90d --format csv > quarter.csv";

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
    server: Server,
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
    server: Server,
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
    server: Server,
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
pub fn series(args: &SeriesArgs, out: &mut impl Write) -> Result<(), Error> {
    let [from, to, source, format] = args.time.query();
    let path = format!("/api/v1/members/{}/series", super::escaped(&args.asn));
    args.server.copy(&path, &[from, to, ("step", args.step.as_deref()), source, format], out)
}

/// Writes what can be said of a time.
///
/// # Errors
/// [`Error`].
pub fn stats(args: &StatsArgs, out: &mut impl Write) -> Result<(), Error> {
    let [from, to, source, format] = args.time.query();
    let of = [("asn", args.asn.as_deref()), ("peer", args.peer.as_deref())];
    args.server.copy("/api/v1/stats", &[from, to, of[0], of[1], source, format], out)
}

/// Writes who exchanges most.
///
/// # Errors
/// [`Error`].
pub fn top(args: &TopArgs, out: &mut impl Write) -> Result<(), Error> {
    let [from, to, source, format] = args.time.query();
    let query = [
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
    args.server.copy("/api/v1/top-talkers", &query, out)
}
