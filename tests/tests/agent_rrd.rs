//! A store in, the RRD files that the agent has `rrdcached` make of it out, as `rrdtool` finds them: exact in both
//! directions, unknown where nothing was observed, once each through restarts of either.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::thread;

use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{Counts, PairKey};
use ixp_tests::agent::lan::{FIRST, MEMBERS, SECOND, STRANGER};
use ixp_tests::agent::site::{SAMPLER, Site, word};
use ixp_tests::agent::{Agent, command, wait};
use ixp_tests::kept::{Cells, keep};
use ixp_tests::rrdcached::{Rates, Rrdcached};
use jiff::Timestamp;

/// What IXP Manager says of the two members. They are on VLAN 100 there, and untagged where the agent is.
const TABLE: &str = r#"{"1":{"100":{"020000000001":11,"020000000002":12},"200":{"junk":9}},"2":[]}"#;
const STEP: i64 = 300;

/// The first of five minutes, which are numbered from there: the last of an hour, so that parts of the store begin long before.
fn begun() -> i64 {
    let hour = ixp_agent::run::now().as_second().div_euclid(3600) * 3600;
    hour - 3600 - STEP
}

fn cell(from: Mac, to: Mac, family: Family, packets: u64, bytes: u64) -> (PairKey, Counts) {
    (PairKey::new(VlanId::UNTAGGED, from, to, family), Counts { packets, bytes })
}

/// What is exchanged in each ten seconds of the five minutes of a number.
fn cells(number: u64) -> Cells {
    let times = number + 1;
    let mut cells = vec![
        cell(FIRST, SECOND, Family::Ipv4, 10 * times, 10_000 * times),
        cell(SECOND, FIRST, Family::Ipv4, 5 * times, 3_333 * times),
        cell(STRANGER, FIRST, Family::Ipv4, 3, 300),
        cell(FIRST, Mac::BROADCAST, Family::Arp, 1, 60),
    ];
    if number == 0 {
        cells.push(cell(FIRST, SECOND, Family::Ipv6, 20, 2_000));
    }
    cells
}

/// Keeps the five minutes of these numbers.
fn keep_steps(site: &Site, begun: i64, numbers: std::ops::Range<u64>) {
    let seconds = i64::try_from(numbers.start).expect("few") * STEP;
    let at = Timestamp::from_second(begun + seconds).expect("a time");
    let stretch: Vec<Cells> = numbers.flat_map(|number| std::iter::repeat_n(cells(number), 30)).collect();
    keep(&site.path("store"), MEMBERS, at, &stretch).expect("a store");
}

/// The configuration of an agent that writes files by this place's daemon.
fn config(site: &Site, more: &str) -> String {
    let socket = site.path("rrdcached.sock");
    format!(
        "[store]\nfolder = \"store\"\n[rrd]\nrrdcached = \"{}\"\nfolder = \"ixp matrix\"\nvlis = \"vlis.json\"\n{more}",
        socket.display()
    )
}

/// Starts such an agent.
fn agent(site: &Site, more: &str) -> Agent {
    site.write("vlis.json", TABLE).expect("it is written");
    site.tap(MEMBERS, &config(site, more)).expect("the agent starts")
}

/// The file of a graph.
fn file(ip: &str, unit: &str, graph: &str) -> String {
    let name = match graph.split_once('/') {
        Some(("p2p", ends)) => {
            let source = ends.split('.').next().expect("a source");
            format!("p2p/{source}/p2p.{ip}.{unit}.{ends}")
        }
        Some((kind, of)) => format!("{kind}/{kind}.{ip}.{unit}.{of}"),
        None => panic!("{graph} is no graph"),
    };
    format!("ixp matrix/{ip}/{unit}/{name}.rrd")
}

const GRAPHS: [&str; 5] = [
    "p2p/src-00011.dst-00012",
    "p2p/src-00012.dst-00011",
    "individual/src-00011",
    "individual/src-00012",
    "aggregate/vlan00100",
];

/// Rates in and out of a graph in the five minutes of a number.
fn expected(graph: &str, ip: &str, unit: &str, number: u64) -> [f64; 2] {
    // What the first sends, and what the second does.
    let [first, second] = match (ip, unit) {
        ("ipv4", "bytes") => [1000.0, 333.3].map(|rate| rate * (number + 1) as f64),
        ("ipv4", _) => [1.0, 0.5].map(|rate| rate * (number + 1) as f64),
        (_, "bytes") => [if number == 0 { 200.0 } else { 0.0 }, 0.0],
        (_, _) => [if number == 0 { 2.0 } else { 0.0 }, 0.0],
    };
    match graph {
        "p2p/src-00011.dst-00012" | "individual/src-00012" => [second, first],
        "p2p/src-00012.dst-00011" | "individual/src-00011" => [first, second],
        _ => [first + second; 2],
    }
}

/// All files.
fn files() -> Vec<String> {
    let kinds = ["ipv4", "ipv6"].into_iter().flat_map(|ip| ["bytes", "pkts"].map(|unit| (ip, unit)));
    kinds.flat_map(|(ip, unit)| GRAPHS.map(|graph| file(ip, unit, graph))).collect()
}

/// Waits until all files have the five minutes of a number.
fn wait_for(agent: &Agent, daemon: &Rrdcached, begun: i64, number: i64) {
    let end = begun + (number + 1) * STEP;
    let has_it = |file: &String| {
        let rates = daemon.rates(file, (begun, end)).ok()?;
        rates.get(&end)?[0]
    };
    let have_it = || Ok(files().iter().all(|file| has_it(file).is_some()).then_some(()));
    wait("RRD files to be written", have_it).unwrap_or_else(|error| panic!("{error:#}\n{}", agent.log()));
}

/// Holds each file against what was exchanged in the five minutes of these numbers. All others are unknown.
fn check(daemon: &Rrdcached, begun: i64, told: &BTreeSet<u64>) {
    for (ip, unit) in ["ipv4", "ipv6"].iter().flat_map(|ip| ["bytes", "pkts"].map(|unit| (*ip, unit))) {
        for graph in GRAPHS {
            let file = file(ip, unit, graph);
            let rates: Rates = daemon.rates(&file, (begun - STEP, begun + 9 * STEP)).expect("a file");
            for number in 0..8 {
                let end = begun + (i64::try_from(number).expect("few") + 1) * STEP;
                let expected =
                    expected(graph, ip, unit, number).map(|rate| told.contains(&number).then_some(rate));
                for (found, expected) in rates[&end].iter().zip(expected) {
                    let is_same = match (found, expected) {
                        // rrdtool prints eleven digits.
                        (Some(found), Some(rate)) => (found - rate).abs() <= rate * 1e-10,
                        (found, expected) => *found == expected,
                    };
                    assert!(is_same, "{file}: {number}: {:?}, expected {expected:?}", rates[&end]);
                }
            }
        }
    }
    assert_eq!(BTreeSet::from_iter(daemon.list().expect("a folder")), BTreeSet::from_iter(files()));
}

#[test]
fn what_was_kept_is_in_the_portals_files_exactly_and_once_through_restarts_of_the_agent() {
    let site = Site::enter().expect("a place for an agent");
    let daemon = Rrdcached::start(&site.path("")).expect("it starts");
    let begun = begun();
    // A single step that was not observed would be taken for the one behind it.
    keep_steps(&site, begun, 0..3);
    keep_steps(&site, begun, 4..6);
    let first = agent(&site, "");
    wait_for(&first, &daemon, begun, 5);
    check(&daemon, begun, &BTreeSet::from([0, 1, 2, 4, 5]));
    let info = daemon.info(&file("ipv4", "bytes", GRAPHS[0])).expect("a file");
    for line in ["step = 300", "ds[traffic_in].type = \"GAUGE\"", "ds[traffic_out].minimal_heartbeat = 600"] {
        assert!(info.contains(line), "{line}: {info}");
    }
    let archives = ["AVERAGE", "MAX"]
        .iter()
        .flat_map(|cf| [(1, 600), (6, 700), (24, 750), (288, 3650)].map(|(steps, rows)| (*cf, steps, rows)));
    assert_eq!(info.matches(".cf = ").count(), archives.clone().count());
    for (cf, steps, rows) in archives {
        let is_it = (0..8).any(|at| {
            [format!("cf = \"{cf}\""), format!("rows = {rows}"), format!("pdp_per_row = {steps}")]
                .iter()
                .all(|line| info.contains(&format!("rra[{at}].{line}\n")))
        });
        assert!(is_it, "{cf}:{steps}:{rows}: {info}");
    }
    let log = first.stop(libc::SIGTERM).expect("it ends").log;
    assert!(log.contains("VLAN interfaces read") && log.contains("on VLAN 200 is not a MAC"), "{log}");
    assert!(
        log.contains("no VLAN interface is known of these") && log.contains("02:00:00:00:00:77"),
        "{log}"
    );
    keep_steps(&site, begun, 6..8);
    let second = agent(&site, "");
    wait_for(&second, &daemon, begun, 7);
    check(&daemon, begun, &BTreeSet::from([0, 1, 2, 4, 5, 6, 7]));
    // Twenty files, seven steps: nothing was told twice.
    assert_eq!(daemon.updates().expect("it answers"), 20 * 7);
}

#[test]
fn an_rrdcached_that_is_away_is_waited_for_and_one_that_was_killed_is_told_again_what_it_lost() {
    let site = Site::enter().expect("a place for an agent");
    let begun = begun();
    keep_steps(&site, begun, 0..6);
    let agent = agent(&site, "");
    let away = || Ok(agent.log().contains("RRD files are not written; tried again").then_some(()));
    wait("the agent to say that rrdcached is away", away).expect("it says so");
    let daemon = Rrdcached::start(&site.path("")).expect("it starts");
    let told = BTreeSet::from_iter(0..6);
    let all = || Ok((daemon.updates()? == 20 * 6).then_some(()));
    wait("all to be told", all).unwrap_or_else(|error| panic!("{error:#}\n{}", agent.log()));
    // Nobody has asked for its files: what they were told last is in memory alone.
    let file = file("ipv4", "bytes", GRAPHS[0]);
    let on_disk = daemon.rates_on_disk(&file, (begun, begun + 6 * STEP)).expect("a file");
    assert_eq!(on_disk[&(begun + 6 * STEP)], [None, None], "{on_disk:?}");
    daemon.kill();
    let daemon = Rrdcached::start(&site.path("")).expect("it starts again");
    wait_for(&agent, &daemon, begun, 5);
    check(&daemon, begun, &told);
    assert_eq!(agent.log().matches("RRD files are not written; tried again").count(), 1, "{}", agent.log());
}

#[test]
fn a_table_that_is_none_is_told_once_and_a_later_one_is_taken() {
    let site = Site::enter().expect("a place for an agent");
    let daemon = Rrdcached::start(&site.path("")).expect("it starts");
    let begun = begun();
    keep_steps(&site, begun, 0..2);
    let agent = agent(&site, "fcs = true\n");
    wait_for(&agent, &daemon, begun, 1);
    let rates = daemon.rates(&file("ipv4", "bytes", "individual/src-00011"), (begun, begun + STEP));
    // A packet each second, of 1,000 bytes and the FCS.
    assert_eq!(rates.expect("a file")[&(begun + STEP)][0], Some(1004.0));
    site.write("vlis.json", "{\"member_list\":1}").expect("it is written");
    let kept =
        || Ok(agent.log().contains("the last good table is kept: no table of VLAN interfaces").then_some(()));
    wait("the agent to say that the table is none", kept).expect("it says so");
    site.write("vlis.json", TABLE).expect("it is written");
    let taken = || Ok((agent.log().matches("VLAN interfaces read").count() == 2).then_some(()));
    wait("the agent to take the next", taken).expect("it does");
}

/// Answers as IXP Manager does: with the table to who has the key, else with the way to its page for people.
fn portal() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let lines = BufReader::new(stream.try_clone().expect("a socket")).lines();
            let head: Vec<String> =
                lines.map(|line| line.expect("text")).take_while(|line| !line.is_empty()).collect();
            let has_key = head.iter().any(|line| line.eq_ignore_ascii_case("X-IXP-Manager-API-Key: secret"));
            let is_right = head[0] == "GET /api/v4/sflow-db-mapper/configured-macs HTTP/1.1";
            let answer = match has_key && is_right {
                true => format!("200 OK\r\ncontent-length: {}\r\n\r\n{TABLE}", TABLE.len()),
                false => "302 Found\r\nlocation: /login\r\ncontent-length: 0\r\n\r\n".to_owned(),
            };
            write!(stream, "HTTP/1.1 {answer}").expect("it is read");
        }
    });
    format!("http://{address}/api/v4/sflow-db-mapper/configured-macs")
}

#[test]
fn the_table_comes_from_ixp_manager_itself_with_a_key() {
    let site = Site::enter().expect("a place for an agent");
    let daemon = Rrdcached::start(&site.path("")).expect("it starts");
    let begun = begun();
    keep_steps(&site, begun, 0..2);
    let url = portal();
    let config = |more: &str| config(&site, more).replace("vlis.json", &url);
    let agent = site.tap(MEMBERS, &config("")).expect("the agent starts");
    let refused = format!(
        "no RRD files are written: {url}: it answers 302 Found, to /login: it wants a key of its API"
    );
    let told = || Ok(agent.log().contains(&refused).then_some(()));
    wait("the agent to say that it is refused", told)
        .unwrap_or_else(|error| panic!("{error:#}: {}", agent.log()));
    agent.stop(libc::SIGTERM).expect("it ends");
    site.write("key", "secret\n").expect("it is written");
    let agent = site.tap(MEMBERS, &config("vlis_key_file = \"key\"\n")).expect("the agent starts");
    wait_for(&agent, &daemon, begun, 1);
    check(&daemon, begun, &BTreeSet::from([0, 1]));
    assert!(!agent.log().contains("secret"), "{}", agent.log());
}

#[test]
fn a_table_that_is_none_at_the_start_is_an_error_and_nothing_is_attached() {
    let site = Site::enter().expect("a place for an agent");
    site.write("vlis.json", "{\"member_list\":1}").expect("it is written");
    let config = format!("{}[[attach]]\ninterface = \"{SAMPLER}\"\n", config(&site, ""));
    let file = site.write("config.toml", config).expect("it is written");
    let ended = command::run(&["run", "--config", word(&file)]).expect("it ends");
    assert_eq!(ended.code, Some(2), "{}", ended.err);
    assert!(ended.err.contains("vlis.json: no table of VLAN interfaces"), "{}", ended.err);
    assert!(!site.has_program(SAMPLER).expect("it is there"));
}
