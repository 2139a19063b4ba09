//! Captures in, the matrix of their frames out, by the same parser, rules and fold as live counters.

mod datagrams;
mod frames;
#[cfg(test)]
mod golden;
mod tally;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use ixp_common::counters::PairKey;

use self::datagrams::Datagrams;
use self::frames::Frames;
pub use self::tally::Tally;
use crate::capture::{self, Capture, Record};
use crate::matrix::dto::MatrixDto;
use crate::matrix::{By, Filter, Format, Matrix, Span, csv, dense, parquet, table};
use crate::members::Registry;
use crate::policy::{self, Policy};
use crate::snapshot::{Delta, Measure};

const EXAMPLES: &str = "\
Examples:
  ixp-agent replay lan.pcap
  ixp-agent replay --members members.toml --by asn monday.pcapng tuesday.pcapng
  ixp-agent replay --members members.toml --policy policy.toml lan.pcap
  tcpdump -i eth1 -w - -c 10000 | ixp-agent replay --format json -
  ixp-agent replay --members members.toml --by asn --sflow collector.pcap
  zcat lan.pcap.gz | ixp-agent replay --format csv - > matrix.csv
  ixp-agent replay --members members.toml --format parquet lan.pcap > matrix.parquet

Exit status is 1 if a capture could not be read to its end; what was read is shown all the same.";

/// Count the frames of captures as a traffic matrix; needs no privilege
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ReplayArgs {
    /// Who is on the exchange: a members file (TOML) or an IX-F export (JSON)
    #[arg(long, value_name = "FILE")]
    pub members: Option<PathBuf>,
    /// What the exchange allows: the keys of [policy], or a configuration [default: every rule, nothing dropped]
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// What a line of the matrix stands for
    #[arg(long, value_enum, default_value_t = By::Mac)]
    pub by: By,
    /// How the matrix is written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Take sFlow datagrams to this UDP port out of the captures, and estimate by their samples
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true, default_missing_value = "6343")]
    pub sflow: Option<u16>,
    /// Captures (pcap or pcapng, Ethernet), added up; - for standard input
    #[arg(required = true, value_name = "CAPTURE")]
    pub captures: Vec<PathBuf>,
}

/// Whether a matrix has all frames of its captures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// It has.
    Complete,
    /// Something could not be read, and was reported.
    Incomplete,
}

/// Why there is no matrix.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The output failed.
    #[error("write the matrix")]
    Write(#[source] io::Error),
    /// The policy and the members do not fit.
    #[error("apply the policy to the members: {0}")]
    Policy(#[from] policy::Error),
}

/// What is wrong with one of the captures.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("open")]
    Open(#[source] io::Error),
    #[error(transparent)]
    Capture(#[from] capture::Error),
    #[error("{frames} frames passed over: {link_type}")]
    Skipped { frames: u64, link_type: capture::LinkType },
    #[error(
        "no sFlow datagram to UDP port {port}; if they are to another, say --sflow=PORT, and without --sflow the frames \
         themselves are counted"
    )]
    NoDatagram { port: u16 },
    #[error("{datagrams} sFlow datagrams were cut by the capture; capture packets whole, as `tcpdump -s 0`")]
    Cut { datagrams: u64 },
    #[error("{datagrams} sFlow datagrams are in fragments, which are not put together")]
    Fragments { datagrams: u64 },
    #[error("{datagrams} sFlow datagrams of more than {most} exporters were passed over")]
    Exporters { datagrams: u64, most: usize },
}

/// Counts all captures, then writes their matrix to `out`. What is wrong with a capture goes to `err`,
/// a line each; the matrix has what could be read. If no capture could be opened, there is none.
///
/// Frames are judged as by an interface that others are reached by, at the times of the capture.
///
/// # Errors
/// [`Error::Policy`], and [`Error::Write`] if `out` fails; what fails at `err` is not reported.
pub fn run(
    args: &ReplayArgs,
    registry: &Registry,
    policy: &Policy,
    stdin: &mut dyn Read,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Outcome, Error> {
    match args.sflow {
        None => replayed(args, Frames::new(registry, policy)?, registry, (stdin, out, err)),
        Some(port) => replayed(args, Datagrams::new(registry, policy, port)?, registry, (stdin, out, err)),
    }
}

/// What becomes of the records of captures.
trait Counting {
    /// Counted, or estimated.
    type Measure: Measure;

    /// What somebody should know before anything is counted.
    fn notices(&self) -> &[String];
    /// Takes a record, and the time that it says.
    fn record(&mut self, record: &Record<'_>);
    /// All that there is.
    fn finish(self) -> Finished<Self::Measure>;
}

/// What was counted of all captures.
struct Finished<M: Measure> {
    delta: Delta<PairKey, M>,
    /// What it lacks.
    problems: Vec<Problem>,
    /// What should be known to judge it.
    remarks: Vec<String>,
}

/// Standard input, output and errors.
type Streams<'s> = (&'s mut dyn Read, &'s mut dyn Write, &'s mut dyn Write);

fn replayed<C: Counting>(
    args: &ReplayArgs,
    counting: C,
    registry: &Registry,
    (stdin, out, err): Streams<'_>,
) -> Result<Outcome, Error> {
    // If the errors' stream fails, there is nobody left to tell.
    for notice in counting.notices() {
        let _: io::Result<()> = writeln!(err, "{notice}");
    }
    let mut total = Total { counting, span: Span::default(), opened: 0 };
    let mut outcome = Outcome::Complete;
    for path in &args.captures {
        for problem in total.take(path, stdin) {
            outcome = Outcome::Incomplete;
            let _: io::Result<()> = writeln!(err, "{}: {}", path.display(), chain(&problem));
        }
    }
    if total.opened == 0 {
        return Ok(outcome);
    }
    let Finished { delta, problems, remarks } = total.counting.finish();
    for remark in remarks {
        let _: io::Result<()> = writeln!(err, "{remark}");
    }
    for problem in problems {
        outcome = Outcome::Incomplete;
        let _: io::Result<()> = writeln!(err, "{}", chain(&problem));
    }
    let matrix = Matrix::new(&delta, registry, args.by, Filter::default(), total.span);
    write(&matrix, args.format, out).map_err(Error::Write)?;
    Ok(outcome)
}

/// What all captures have together.
struct Total<C> {
    counting: C,
    span: Span,
    opened: usize,
}

impl<C: Counting> Total<C> {
    fn take(&mut self, path: &Path, stdin: &mut dyn Read) -> Vec<Problem> {
        if path.as_os_str() == "-" {
            return self.read(stdin);
        }
        match File::open(path) {
            Ok(file) => self.read(file),
            Err(error) => vec![Problem::Open(error)],
        }
    }

    fn read(&mut self, reader: impl Read) -> Vec<Problem> {
        let mut capture = match Capture::open(reader) {
            Ok(capture) => capture,
            Err(error) => return vec![error.into()],
        };
        self.opened += 1;
        let end = self.count(&mut capture);
        let skipped = capture.skipped().into_iter();
        let skipped = skipped.map(|(link_type, frames)| Problem::Skipped { frames, link_type });
        end.err().map(Problem::from).into_iter().chain(skipped).collect()
    }

    fn count<R: Read>(&mut self, capture: &mut Capture<R>) -> Result<(), capture::Error> {
        while let Some(record) = capture.next_record()? {
            if let Some(at) = record.at {
                self.span.include(at);
            }
            self.counting.record(&record);
        }
        Ok(())
    }
}

fn write(matrix: &Matrix<'_>, format: Format, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    match format {
        Format::Table => table::write(matrix, table::LINES, &mut out)?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut out, &MatrixDto::from(matrix))?;
            writeln!(out)?;
        }
        Format::Csv => csv::write(matrix, &mut out)?,
        Format::Dense => dense::write(matrix, &mut out)?,
        Format::Parquet => {
            let mut file = Vec::new();
            parquet::write(matrix, &mut file)?;
            out.write_all(&file)?;
        }
    }
    out.flush()
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}
