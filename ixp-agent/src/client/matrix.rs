//! `matrix`: who sent how much to whom, as an agent writes it.

use std::io::Write;

use clap::Args;
use jiff::Timestamp;

use super::Error;
use super::place::{Place, Question};
use crate::matrix::{By, Format};

const EXAMPLES: &str = "\
Examples:
  ixp-agent matrix --by asn --from -5m
  ixp-agent matrix --by interface --asn 64500 --family ipv6
  ixp-agent matrix --by asn --from -1h --format dense > hour.csv
  ixp-agent matrix --by asn --from -30d --step 1h --format parquet > month.parquet
  ixp-agent matrix --by switch --from -7d
  ixp-agent matrix --by asn --from -7d --store /var/lib/ixp-agent
  ixp-agent matrix --format parquet --url monitor2:9179 --token-file token > matrix.parquet";

/// Who sent how much to whom
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct MatrixArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// From when on: RFC 3339, or relative as -5m [default: from the oldest that is in memory; with --store a day before]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from: Option<String>,
    /// Until when [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to: Option<String>,
    /// A matrix for each step of the history: 10s, 1m, 5m, 1h or 1d; with csv and parquet a line each
    #[arg(long, value_name = "STEP")]
    step: Option<String>,
    /// What a line of the matrix stands for [default: mac, with --store interface]
    #[arg(long, value_enum)]
    by: Option<By>,
    /// Of this family alone: ipv4, ipv6, arp or other
    #[arg(long, value_name = "FAMILY")]
    family: Option<String>,
    /// Of this member alone, as source or as destination
    #[arg(long, value_name = "ASN")]
    asn: Option<String>,
    /// With this outer tag alone, 0 for untagged
    #[arg(long, value_name = "VLAN")]
    vlan: Option<String>,
    /// Counted (exact) or estimated by samples of switches (sampled) [default: what there is, first what was counted]
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// How the matrix is written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

impl MatrixArgs {
    /// What a line stands for. History has no MACs.
    #[must_use]
    pub fn by(&self) -> By {
        self.by.unwrap_or(if self.place.is_folder() { By::Interface } else { By::Mac })
    }
}

/// Writes the matrix.
///
/// # Errors
/// [`Error`].
pub fn run(args: &MatrixArgs, clock: fn() -> Timestamp, out: &mut impl Write) -> Result<(), Error> {
    let words = vec![
        ("by", Some(args.by().name())),
        ("from", args.from.as_deref()),
        ("to", args.to.as_deref()),
        ("step", args.step.as_deref()),
        ("family", args.family.as_deref()),
        ("asn", args.asn.as_deref()),
        ("vlan", args.vlan.as_deref()),
        ("source", args.source.as_deref()),
        ("format", Some(args.format.name())),
    ];
    let is_of_memory = args.step.is_none();
    args.place.copy(Question { path: "/api/v1/matrix", words, is_of_memory }, clock, out)
}
