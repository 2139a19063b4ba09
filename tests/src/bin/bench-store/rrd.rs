//! The last days of a month of a made-up exchange in the store, and RRD files as IXP Manager has them of a sample of its pairs
//! in; what a series takes in either out.
//!
//! A series is what one member sends another of one family, in bytes or in packets. An RRD file has the size that it is made
//! with, whatever is in it, and IXP Manager has files of all pairs; a row of the store has both units, and is there only if
//! anything was exchanged. That is left out of what is compared series by series: there each has all of its rows.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use ixp_agent::rrd::layout::{File, Graph, Ip, Unit, Vli};
use ixp_agent::snapshot::Source;
use ixp_agent::store::disk::Scratch;
use ixp_agent::store::{Keep, Step, Table, Wanted};
use ixp_tests::filling::Filling;
use ixp_tests::synth::Synth;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// Pairs that RRD files are made for, each in either direction.
const SAMPLE: u32 = 50;
/// Series in a row of the store.
const UNITS: f64 = 2.0;

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Sizes {
    members: u16,
    days: i64,
    /// Pairs that exchange anything, a family each, and all that there could be.
    pairs: [u64; 2],
    /// RRD files that were made.
    files: usize,
    /// Bytes of a row in its last place, by step.
    bytes_per_row: Vec<(&'static str, f64)>,
    series: Vec<Series>,
}

/// What a series takes that goes back so far.
#[derive(Debug, Serialize)]
struct Series {
    what: &'static str,
    /// Rows of five minutes, an hour and a day in the store.
    rows: [u32; 3],
    /// Bytes in RRD files: IXP Manager has each series in the files of both directions.
    rrd: f64,
    /// Bytes in the store.
    store: f64,
}

/// IXP Manager's archives: steps of five minutes, rows.
const PORTAL: [(u32, u32); 4] = [(1, 600), (6, 700), (24, 750), (288, 3650)];
/// At least as fine for as long: five minutes where it has them or half an hour, hours where it has two.
const AS_PORTAL: [u32; 3] = [4200, 1500, 3650];
/// What the store keeps unless it is told otherwise: 90 days, two years, and of what is for ever ten years.
const AS_STORE: [u32; 3] = [90 * 288, 730 * 24, 3650];

pub(crate) fn measure(members: u16, days: i64) -> Result<Sizes> {
    let folder = tempfile::tempdir().context("make a folder")?;
    let (pairs, bytes_per_row) = stored(&folder.path().join("store"), members, days)?;
    let files = SAMPLE as usize * 8;
    let portal = made(&folder.path().join("portal"), SAMPLE, &PORTAL)?;
    let long = [1, 12, 288].into_iter().zip(AS_STORE).collect::<Vec<_>>();
    let long = made(&folder.path().join("long"), 1, &long)?;
    let store = |rows: [u32; 3]| -> f64 {
        let bytes = rows.iter().zip(&bytes_per_row).map(|(rows, (_, bytes))| f64::from(*rows) * bytes);
        bytes.sum::<f64>() / UNITS
    };
    let of = |what, rows, rrd| Series { what, rows, rrd, store: store(rows) };
    let series = vec![
        of("as far back as IXP Manager", AS_PORTAL, portal),
        of("as far back as the store", AS_STORE, long),
    ];
    let all = u64::from(members) * u64::from(members - 1) * 2;
    Ok(Sizes { members, days, pairs: [pairs as u64, all], files, bytes_per_row, series })
}

/// Makes the files of pairs as IXP Manager has them; gives bytes per series: as many files as series, a file per direction,
/// family and unit, with each series in two of them.
fn made(folder: &Path, pairs: u32, archives: &[(u32, u32)]) -> Result<f64> {
    let both = (0..pairs).flat_map(|pair| {
        let ends = [Vli(2 * pair), Vli(2 * pair + 1)];
        [Graph::P2p(ends[0], ends[1]), Graph::P2p(ends[1], ends[0])]
    });
    let (mut bytes, mut series) = (0, 0u32);
    for graph in both {
        for (ip, unit) in Ip::ALL.into_iter().flat_map(|ip| Unit::ALL.map(|unit| (ip, unit))) {
            let file = folder.join(File { graph, ip, unit }.to_string());
            create(&file, archives)?;
            bytes += fs::metadata(&file).with_context(|| format!("look at {}", file.display()))?.len();
            series += 1;
        }
    }
    Ok(real(bytes) / f64::from(series))
}

fn create(file: &Path, archives: &[(u32, u32)]) -> Result<()> {
    let folder = file.parent().context("a file is in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let archives = archives
        .iter()
        .flat_map(|(steps, rows)| ["AVERAGE", "MAX"].map(|kind| format!("RRA:{kind}:0.5:{steps}:{rows}")));
    let mut command = Command::new("rrdtool");
    command.arg("create").arg(file).args(["-s", "300"]);
    command.args(["DS:traffic_in:GAUGE:600:U:U", "DS:traffic_out:GAUGE:600:U:U"]).args(archives);
    let ended = command.output().context("start rrdtool: `cargo xtask bench` installs it")?;
    ensure!(ended.status.success(), "rrdtool: {}", String::from_utf8_lossy(&ended.stderr));
    Ok(())
}

/// Keeps the last days of a month, so that rows of days are in their last place; gives how many pairs there are, and what a row of five minutes, an hour and a day takes.
fn stored(folder: &Path, members: u16, days: i64) -> Result<(usize, Vec<(&'static str, f64)>)> {
    let end: Timestamp = "2026-11-01T00:00:00Z".parse().context("a time")?;
    let begun = end - SignedDuration::from_hours(24 * days);
    let synth = Synth::new(members, 1, begun);
    eprintln!("store: {members} members, {} pairs, {days} days at five minutes", synth.pairs());
    let for_ever = Keep { time: [Some(0), Some(0), None, None, None], bytes: None };
    let filling = Filling::begin(Arc::new(Scratch), folder, for_ever, synth, begun)?;
    let mut filling = filling.striding(Step::FiveMinutes.millis() / 1000);
    while filling.now() < end {
        filling.step();
        if filling.now().as_second() % 3600 == 0 {
            filling.tend()?;
        }
    }
    filling.finish()?;
    let catalog = filling.history.shelf().now();
    let mut bytes_per_row = Vec::new();
    for step in [Step::FiveMinutes, Step::Hour, Step::Day] {
        let (from, to, only) = (begun.as_millisecond(), end.as_millisecond(), Vec::new());
        let wanted = Wanted { table: Table::Matrix, source: Source::Exact, step, from, to, only };
        let (mut rows, mut many) = (catalog.rows(&wanted)?, 0u64);
        while rows.next_row()?.is_some() {
            many += 1;
        }
        ensure!(many > 0, "no rows of {} are kept", step.name());
        bytes_per_row.push((
            step.name(),
            real(catalog.published_bytes(Table::Matrix, Source::Exact, step)) / real(many),
        ));
    }
    Ok((filling.synth.pairs(), bytes_per_row))
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn real(number: u64) -> f64 {
    number as f64
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { members, days, pairs: [pairs, all], files, .. } = self;
        writeln!(
            f,
            "\n{members} members, {pairs} of {all} pairs exchange anything, {days} days; {files} RRD files in IXP Manager's layout\n"
        )?;
        writeln!(f, "step       bytes per row")?;
        for (step, bytes) in &self.bytes_per_row {
            writeln!(f, "{step:<6}{bytes:>18.2}")?;
        }
        writeln!(
            f,
            "\nbytes of a series              rows 5m, 1h, 1d         RRD     store   times   times, all pairs"
        )?;
        for Series { what, rows: [fives, hours, days], rrd, store } in &self.series {
            let (rows, times) = (format!("{fives}, {hours}, {days}"), rrd / store);
            let of_all = times * real(*all) / real(*pairs);
            writeln!(f, "{what:<29}{rows:>17}{rrd:>12.0}{store:>10.0}{times:>8.1}{of_all:>19.1}")?;
        }
        Ok(())
    }
}
