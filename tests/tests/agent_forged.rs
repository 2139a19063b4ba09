//! Three times 100,000 forged source addresses on a wire in; what members' counters, cells, stations, metrics, events and
//! the agent's memory are meanwhile, out.

use std::collections::BTreeSet;

use ixp_common::addr::{Family, Mac};
use ixp_common::counters::Counts;
use ixp_tests::agent::lan::{self, FIRST, Frame, MEMBERS, SECOND};
use ixp_tests::agent::site::{FABRIC, SAMPLER, Site};
use ixp_tests::agent::{Agent, counts, number};
use ixp_tests::feed::Feed;
use jiff::Timestamp;
use serde_json::Value;

/// Addresses that are forged at a time.
const FORGED: u32 = 100_000;
/// Forged frames to one of a member.
const PER_CLEAN: u32 = 50;
/// Stations that the inventory has room for.
const STATIONS: usize = 4096;
/// What memory may be after the last flood, beside what it was after the one before: the first fills the tables.
const GROWTH: (u64, u64) = (21, 20);
/// Strangers that the agent tells of in a minute, of each rule: `events::limit`.
const STRANGERS: u64 = 64;

const CONFIG: &str = r#"
[policy]
profile = "enforce"
[counting]
stations = 4096
[members]
file = "members.toml"
[[attach]]
interface = "sampler"
deployment = "inline"
"#;

/// What was sent so far.
struct Sent {
    feed: Feed,
    forged: u64,
    clean: Vec<Frame>,
}

impl Sent {
    fn forge(&mut self, number: u32) {
        let [a, b, c, d] = number.to_be_bytes();
        let frame = Frame::new(Mac([0x0a, 0x55, a, b, c, d]), FIRST, Family::Ipv4, 40);
        self.feed.send(&frame.bytes).expect("it is sent");
        self.forged += 1;
    }

    fn clean(&mut self, source: Mac, destination: Mac, family: Family) {
        let frame = Frame::new(source, destination, family, 80);
        self.feed.send(&frame.bytes).expect("it is sent");
        self.clean.push(frame);
    }

    /// Forged addresses, none of them twice, and members' frames between them.
    fn flood(&mut self, first: u32) {
        for number in first..first + FORGED {
            self.forge(number);
            if number % PER_CLEAN == 0 {
                self.clean(FIRST, SECOND, Family::Ipv6);
            }
        }
        self.feed.flush().expect("all are received");
    }
}

/// The names and labels of all metrics.
fn series(agent: &Agent) -> BTreeSet<String> {
    let page = agent.get("/metrics").expect("the metrics").body;
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect()
}

#[test]
fn forged_addresses_take_nothing_from_members_and_no_memory() {
    let site = Site::enter().expect("a place for an agent");
    site.write("members.toml", MEMBERS).expect("it is written");
    let agent = site.agent(CONFIG).expect("the agent starts");
    let feed = Feed::open(FABRIC, SAMPLER).expect("the other end is there");
    let mut sent = Sent { feed, forged: 0, clean: Vec::new() };
    sent.forge(0);
    sent.clean(FIRST, SECOND, Family::Ipv6);
    sent.clean(SECOND, FIRST, Family::Ipv6);
    sent.clean(SECOND, FIRST, Family::Ipv4);
    agent.settled(sent.feed.sent()).expect("all are counted");
    let (quiet, series_before) = (agent.resident().expect("its memory"), series(&agent));
    let memory = [0, 1, 2].map(|at| 1 + at * FORGED).map(|first| {
        sent.flood(first);
        agent.settled(sent.feed.sent()).expect("all are counted");
        agent.resident().expect("its memory")
    });
    println!("memory: {quiet}, {memory:?}; {} series", series_before.len());
    let series_after = series(&agent);
    let differ: Vec<&String> = series_after.symmetric_difference(&series_before).collect();
    assert!(differ.is_empty(), "{differ:?}");
    // The first frame of a pair comes when there is no room for strangers.
    sent.clean(FIRST, SECOND, Family::Ipv4);
    sent.feed.flush().expect("it is received");
    let status = agent.settled(sent.feed.sent()).expect("all are counted");
    cells(&agent, &status, &sent);
    stations(&agent, &sent);
    rules(&agent, &status, sent.forged);
    assert!(memory[2] * GROWTH.1 <= memory[1] * GROWTH.0 && memory[1] < 2 * quiet, "{quiet} {memory:?}");
}

/// Members' cells are exact, strangers have no more than theirs, and what is over is counted.
fn cells(agent: &Agent, status: &Value, sent: &Sent) {
    let answer = agent.get("/api/v1/matrix?asn=64501").expect("a matrix");
    let found = ixp_lab::matrix::Matrix::parse(&answer.body).expect("a matrix");
    assert_eq!(found.cells, lan::cells(&sent.clean));
    let fill = |table: &str, part: &str| number(&status[table][part]).expect("a number");
    assert_eq!(fill("pair_table", "used"), found.cells.len() as u64);
    assert_eq!(fill("stranger_pairs", "used"), fill("stranger_pairs", "capacity"));
    assert_eq!(found.unattributed, sent.forged - fill("stranger_pairs", "used"));
    assert!(found.unattributed > u64::from(FORGED), "{}", found.unattributed);
}

/// Members stay in the inventory with all that they sent, and whoever left is counted.
fn stations(agent: &Agent, sent: &Sent) {
    let answer = agent.json("/api/v1/stations").expect("the stations");
    let listed = answer["stations"].as_array().expect("a list");
    assert!(listed.len() <= STATIONS, "{}", listed.len());
    let mut sum = counts(&answer["unlisted"]).expect("counts");
    listed.iter().for_each(|station| sum.add(counts(station).expect("counts")));
    let by = |mac: Mac| sent.clean.iter().filter(move |frame| frame.key.source() == mac);
    for (mac, asn) in [(FIRST, 64500), (SECOND, 64501)] {
        let station = listed.iter().find(|station| station["mac"] == mac.to_string()).expect("it stays");
        let expected = lan::total(by(mac).map(|frame| frame.bytes.as_slice()));
        assert_eq!((&station["asn"], counts(station).expect("counts")), (&asn.into(), expected));
    }
    let matrix = agent.json("/api/v1/matrix?by=asn").expect("a matrix");
    let mut cells = Counts::default();
    for cell in matrix["cells"].as_array().expect("cells") {
        cells.add(counts(cell).expect("counts"));
    }
    assert_eq!(sum, cells);
    let evicted = number(&answer["evicted"]).expect("a number");
    assert!(evicted > u64::from(FORGED) / 4, "{evicted}");
}

/// Each forged frame is counted by its rule, whether or not its station found room; few are told of, and of the
/// others it is counted that they are not.
fn rules(agent: &Agent, status: &Value, forged: u64) {
    let rules = agent.json("/api/v1/rules").expect("the rules");
    let all = rules["rules"].as_array().expect("rules");
    let strangers = all.iter().find(|rule| rule["rule"] == "L07").expect("it is there");
    assert_eq!(number(&strangers["packets"]).expect("a number"), forged);
    assert_eq!((&strangers["dropped"], strangers["members"].as_array().map(Vec::len)), (&0.into(), Some(0)));
    let events = agent.json("/api/v1/events?rule=L07&limit=1").expect("events");
    let moment =
        |name: &str| -> Timestamp { status[name].as_str().expect("a time").parse().expect("a time") };
    let minutes = moment("now").duration_since(moment("since")).as_mins().unsigned_abs();
    let [told, lost] = ["told", "lost"].map(|part| number(&events[part]).expect("a number"));
    let broken = all.iter().filter(|rule| rule["packets"] != 0).count() as u64;
    println!("{told} events of {broken} rules, {lost} lost");
    assert!((broken..=broken * STRANGERS * (1 + minutes)).contains(&told) && lost > 0, "{events}");
}
