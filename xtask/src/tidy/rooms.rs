//! The architecture as a table: which room may use which; paths in, those that it does not list out.

use std::path::Path as File;

use super::paths::Path;

/// What a room is for, and so what it never touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Values in, values out: see [`PURE_NEVER`].
    Pure,
    /// Holds one thing of the world outside: a kernel, a socket, a file.
    Rim,
    /// Brings rooms together; uses any room of its crate.
    Wiring,
}
use Kind::{Pure, Rim, Wiring};

struct Room {
    /// `DIR/NAME` is `DIR/NAME.rs` and all of `DIR/NAME/`.
    at: &'static str,
    kind: Kind,
    /// Rooms of the same crate by name, other crates of the workspace by crate name.
    uses: &'static [&'static str],
}

const fn room(at: &'static str, kind: Kind, uses: &'static [&'static str]) -> Room {
    Room { at, kind, uses }
}

/// The rooms. A file belongs to the row with the longest `at` that fits.
const ROOMS: &[Room] = &[
    room("ixp-common", Pure, &[]),
    room("ixp-ebpf", Rim, &["ixp_common"]),
    room("ixp-lab", Rim, &["ixp_common"]),
    room("tests", Wiring, &["ixp_agent", "ixp_common", "ixp_ebpf", "ixp_lab"]),
    room("fuzz", Wiring, &["ixp_agent", "ixp_common"]),
    room("xtask", Wiring, &["ixp_lab"]),
    room("ixp-agent/build", Rim, &[]),
    room("ixp-agent/src/lib", Wiring, &["ixp_common"]),
    room("ixp-agent/src/main", Wiring, &[]),
    room("ixp-agent/src/cli", Wiring, &["ixp_common"]),
    room("ixp-agent/src/client", Rim, &["store"]),
    room("ixp-agent/src/client/history", Rim, &["client", "report"]),
    room("ixp-agent/src/client/learned", Rim, &["client", "members"]),
    room("ixp-agent/src/client/matrix", Rim, &["client", "matrix"]),
    room("ixp-agent/src/client/place", Rim, &["client", "http", "snapshot", "store"]),
    room("ixp-agent/src/run", Wiring, &["ixp_common"]),
    room("ixp-agent/src/replay", Wiring, &["ixp_common"]),
    room("ixp-agent/src/doctor", Wiring, &["ixp_common"]),
    room("ixp-agent/src/config", Rim, &["ixp_common", "intake", "members", "notice", "policy", "snapshot"]),
    room("ixp-agent/src/kernel", Rim, &["ixp_common", "pairs", "snapshot"]),
    room("ixp-agent/src/capture", Rim, &["ixp_common"]),
    room("ixp-agent/src/notice", Pure, &[]),
    room("ixp-agent/src/format", Pure, &[]),
    room("ixp-agent/src/report", Pure, &["format", "ixp_common", "matrix", "members", "snapshot", "store"]),
    room("ixp-agent/src/pairs", Pure, &["ixp_common"]),
    room("ixp-agent/src/snapshot", Pure, &["ixp_common"]),
    room("ixp-agent/src/sides", Pure, &["ixp_common", "members", "pairs"]),
    room("ixp-agent/src/members", Pure, &["ixp_common", "notice"]),
    room("ixp-agent/src/members/load", Rim, &["members", "notice"]),
    room("ixp-agent/src/matrix", Pure, &["format", "ixp_common", "members", "pairs", "snapshot"]),
    room("ixp-agent/src/policy", Pure, &["ixp_common", "members", "notice"]),
    room("ixp-agent/src/store", Rim, &["ixp_common", "matrix", "members", "snapshot"]),
    room("ixp-agent/src/rrd", Pure, &["ixp_common", "store"]),
    room("ixp-agent/src/rrd/cached", Rim, &["config", "rrd"]),
    room("ixp-agent/src/rrd/mapper", Rim, &[]),
    room("ixp-agent/src/samples", Pure, &["ixp_common", "members", "sflow"]),
    room("ixp-agent/src/intake", Pure, &["ixp_common", "members", "policy", "sflow", "snapshot"]),
    room("ixp-agent/src/sflow", Pure, &[]),
    room("ixp-agent/src/sflow/listen", Rim, &[]),
    room("ixp-agent/src/sflow/send", Rim, &[]),
    room("ixp-agent/src/stations", Pure, &["ixp_common", "members"]),
    room("ixp-agent/src/events", Pure, &["ixp_common", "members", "pairs", "sides", "snapshot", "stations"]),
    room("ixp-agent/src/events/webhook", Rim, &["events", "ixp_common"]),
    room(
        "ixp-agent/src/live",
        Pure,
        &[
            "ixp_common",
            "events",
            "intake",
            "matrix",
            "members",
            "pairs",
            "sflow",
            "sides",
            "snapshot",
            "stations",
        ],
    ),
    room(
        "ixp-agent/src/http",
        Rim,
        &[
            "ixp_common",
            "config",
            "events",
            "intake",
            "live",
            "matrix",
            "members",
            "report",
            "snapshot",
            "stations",
            "store",
        ],
    ),
    room(
        "ixp-agent/src/metrics",
        Rim,
        &["ixp_common", "events", "intake", "live", "matrix", "members", "snapshot", "stations"],
    ),
];

/// What a pure room does without: IO, tasks, the clock.
const PURE_NEVER: &[&str] = &[
    "aya_ebpf",
    "axum",
    "std::env",
    "std::fs",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::UdpSocket",
    "std::os",
    "std::process",
    "std::thread",
    "tokio",
    "ureq",
];

/// How the clock is read. A time is welcome anywhere, as an argument.
const CLOCKS: &[&str] = &["Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now"];

/// Crates and names with few owners; no other room or file uses them.
const OWNED: &[(&str, &[&str])] = &[
    ("axum", &["ixp-agent/src/http", "ixp-agent/src/run"]),
    ("aya", &["ixp-agent/src/kernel", "ixp-agent/src/doctor", "ixp-common/src/pod", "tests", "xtask"]),
    ("aya_ebpf::bindings::xdp_action", &["ixp-ebpf/src/main", "ixp-ebpf/src/bin/probe"]),
    ("pcap_parser", &["ixp-agent/src/capture"]),
    ("prometheus", &["ixp-agent/src/metrics"]),
    ("sd_notify", &["ixp-agent/src/run"]),
    (
        "ureq",
        &["ixp-agent/src/client", "ixp-agent/src/events/webhook", "ixp-agent/src/rrd/mapper", "ixp-lab"],
    ),
];

/// The crates of the workspace, as they are written in a path.
const CRATES: &[&str] = &["ixp_agent", "ixp_common", "ixp_ebpf", "ixp_lab", "xtask"];

/// What `file` uses and should not, by line.
pub(super) fn check(file: &File, paths: &[Path<'_>]) -> Vec<(usize, String)> {
    let Some(room) = room_of(file) else {
        return vec![(1, "belongs to no room: add a row to xtask/src/tidy/rooms.rs".to_owned())];
    };
    let mut found = Vec::new();
    for path in paths {
        found.extend(unlisted(room, file, path).map(|what| (path.line, what)));
        found.extend(impure(room, path).map(|what| (path.line, what)));
        found.extend(owned(file, path).map(|what| (path.line, what)));
    }
    found.dedup();
    found
}

fn room_of(file: &File) -> Option<&'static Room> {
    ROOMS.iter().filter(|room| is_in(file, room.at)).max_by_key(|room| room.at.len())
}

fn is_in(file: &File, at: &str) -> bool {
    file.starts_with(at) || file.with_extension("") == File::new(at)
}

fn unlisted(room: &Room, file: &File, path: &Path<'_>) -> Option<String> {
    let name = name(room.at);
    let used = used(file, path)?;
    let is_sibling = !CRATES.contains(&used);
    let is_listed = used == name || room.uses.contains(&used) || (is_sibling && room.kind == Wiring);
    (!is_listed).then(|| format!("room {name} uses {used}: not in its row of xtask/src/tidy/rooms.rs"))
}

/// The room of the same crate, or the other crate of the workspace, that `path` leads to.
fn used<'a>(file: &File, path: &Path<'a>) -> Option<&'a str> {
    let (first, rest) = path.segments.split_first()?;
    let ups = path.segments.iter().take_while(|segment| **segment == "super").count();
    let second = match *first {
        "crate" => rest.first(),
        "super" if ups >= depth(file) => path.segments.get(ups),
        own if file.starts_with(own.replace('_', "-")) => return None,
        other => return CRATES.contains(&other).then_some(other),
    };
    second.copied().filter(|module| is_room_beside(file, module))
}

fn is_room_beside(file: &File, module: &str) -> bool {
    let Some(source) = source_directory(file) else {
        return false;
    };
    ROOMS.iter().any(|room| File::new(room.at) == source.join(module))
}

/// How many modules the file lies below the top of its crate.
fn depth(file: &File) -> usize {
    source_directory(file)
        .and_then(|source| file.strip_prefix(source).ok())
        .map_or(1, |below| below.iter().count())
}

fn source_directory(file: &File) -> Option<&File> {
    file.ancestors().find(|directory| directory.ends_with("src"))
}

fn impure(room: &Room, path: &Path<'_>) -> Option<String> {
    let io = PURE_NEVER.iter().find(|never| path.starts_with(never));
    let clock = CLOCKS.iter().find(|clock| path.ends_with(clock));
    let never = io.or(clock).filter(|_| room.kind == Pure)?;
    Some(format!("room {} is pure, and uses {never}", name(room.at)))
}

fn owned(file: &File, path: &Path<'_>) -> Option<String> {
    let (what, owners) = OWNED.iter().find(|(what, _)| path.starts_with(what))?;
    let is_owner = owners.iter().any(|owner| is_in(file, owner));
    (!is_owner).then(|| format!("{what} is used only in {}", owners.join(", ")))
}

fn name(at: &str) -> &str {
    at.rsplit('/').next().unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::paths::paths;
    use crate::tidy::tokens::tokens;

    fn check(file: &str, source: &str, expected: &[&str]) {
        let tokens = tokens(source);
        let found = super::check(File::new(file), &paths(&tokens));
        let found: Vec<_> = found.iter().map(|(_, what)| what.split(':').next().unwrap_or(what)).collect();
        assert_eq!(found, expected, "{file}: {source}");
    }

    #[test]
    fn a_room_uses_what_its_row_lists() {
        check(
            "ixp-agent/src/matrix/window.rs",
            "use crate::members::Registry; use ixp_common::addr::Mac;",
            &[],
        );
        check("ixp-agent/src/http.rs", "use crate::{config, kernel::read};", &["room http uses kernel"]);
        check("ixp-agent/src/kernel/load.rs", "use super::super::http::serve;", &["room kernel uses http"]);
        check("ixp-agent/src/kernel/load.rs", "use super::read; use crate::kernel::ring;", &[]);
        check(
            "ixp-agent/src/members/ixf.rs",
            "fn f() { crate::matrix::fold() }",
            &["room members uses matrix"],
        );
        check("ixp-lab/src/lib.rs", "use ixp_agent::run;", &["room ixp-lab uses ixp_agent"]);
    }

    #[test]
    fn wiring_uses_any_room_of_its_crate() {
        check("ixp-agent/src/run.rs", "use crate::{http, kernel, matrix}; use tokio::select;", &[]);
        check("ixp-agent/src/run.rs", "use ixp_lab::Lab;", &["room run uses ixp_lab"]);
    }

    #[test]
    fn a_pure_room_does_no_io_and_reads_no_clock() {
        check("ixp-agent/src/snapshot.rs", "use std::{fs, io};", &["room snapshot is pure, and uses std"]);
        check("ixp-agent/src/stations.rs", "use tokio;", &["room stations is pure, and uses tokio"]);
        check("ixp-agent/src/matrix.rs", "use std::time::Instant; fn f(now: Instant) {}", &[]);
        check(
            "ixp-agent/src/matrix.rs",
            "jiff::Timestamp::now()",
            &["room matrix is pure, and uses Timestamp"],
        );
    }

    #[test]
    fn what_is_owned_is_used_by_its_owner() {
        check("ixp-agent/src/kernel/attach.rs", "use aya::Ebpf;", &[]);
        check(
            "ixp-agent/src/run.rs",
            "use aya::Ebpf;",
            &[
                "aya is used only in ixp-agent/src/kernel, ixp-agent/src/doctor, ixp-common/src/pod, tests, xtask",
            ],
        );
    }

    #[test]
    fn a_file_without_a_room_is_told() {
        check("ixp-agent/src/utils.rs", "", &["belongs to no room"]);
    }
}
