//! A configuration file that changes and SIGHUP in; samples at the rate in force, and every frame counted, out.

use anyhow::Result;
use ixp_agent::sflow::Flow;
use ixp_agent::sflow::decode::{Datagram, Sample};
use ixp_common::addr::{Family, Mac};
use ixp_tests::agent::lan::{self, FIRST, Frame, MEMBERS, SECOND, STRANGER};
use ixp_tests::agent::site::{FABRIC, SAMPLER, Site};
use ixp_tests::agent::{Agent, number, wait};
use ixp_tests::collector::Collector;
use ixp_tests::feed::Feed;
use serde_json::Value;

/// Samples at a rate that are enough to have seen it.
const ENOUGH: usize = 100;
/// Standard deviations that an estimate may be off by; once in 10¹⁵ a right one is.
const SIGMAS: f64 = 8.0;

fn frames() -> [Frame; 4] {
    [
        Frame::new(FIRST, SECOND, Family::Ipv4, 100),
        Frame::new(SECOND, FIRST, Family::Ipv6, 700),
        Frame::new(STRANGER, FIRST, Family::Ipv4, 50),
        Frame::new(SECOND, Mac::BROADCAST, Family::Arp, 18),
    ]
}

/// A tap whose samples go to a collector; `attach` is what else its `[[attach]]` says.
fn config(collector: &Collector, rate: &str, attach: &str) -> String {
    let address = collector.address().expect("bound");
    format!(
        "[sampling]\nrate = {rate}\n[sflow]\ncollectors = [\"{address}\"]\n[members]\nfile = \"members.toml\"\n\
         [[attach]]\ninterface = \"{SAMPLER}\"\n{attach}"
    )
}

fn started(site: &Site, config: &str) -> Agent {
    site.write("members.toml", MEMBERS).expect("it is written");
    site.agent(config).expect("the agent starts")
}

/// Has the agent read another configuration, and waits until its log has one more line with these words.
fn reload(site: &Site, agent: &Agent, config: &str, words: &str) {
    let said = || agent.log().matches(words).count();
    let before = said();
    site.write("config.toml", config).expect("it is written");
    agent.signal(libc::SIGHUP);
    wait(words, || Ok((said() > before).then_some(())))
        .unwrap_or_else(|_| panic!("{words}: {}", agent.log()));
}

fn port(agent: &Agent) -> Result<Value> {
    Ok(agent.json("/api/v1/status")?["interfaces"][0].clone())
}

/// Frames sent past the agent, and the samples of them that a collector heard.
struct Traffic<'c> {
    collector: &'c Collector,
    feed: Feed,
    sent: Vec<Frame>,
    heard: Vec<Flow>,
}

impl<'c> Traffic<'c> {
    fn new(collector: &'c Collector) -> Self {
        let feed = Feed::open(FABRIC, SAMPLER).expect("the other end is there");
        Self { collector, feed, sent: Vec::new(), heard: Vec::new() }
    }

    fn send(&mut self, rounds: usize) -> Result<()> {
        for frame in std::iter::repeat_n(frames(), rounds).flatten() {
            self.feed.send(&frame.bytes)?;
            self.sent.push(frame);
        }
        self.feed.flush()
    }

    fn hear(&mut self) -> Result<()> {
        for datagram in self.collector.hear(|_| true)? {
            let samples = Datagram::read(&datagram).expect("a datagram");
            self.heard.extend(samples.filter_map(|sample| match sample {
                Ok(Sample::Flow(flow, _)) => Some(flow),
                _ => None,
            }));
        }
        Ok(())
    }

    /// Sends until there are enough samples of frames that were chosen at a rate.
    fn until_sampled_at(&mut self, rate: u32) {
        let sampled = wait("samples at the rate", || {
            self.send(25)?;
            self.hear()?;
            let at_rate = self.heard.iter().filter(|flow| flow.rate == rate).count();
            Ok((at_rate >= ENOUGH).then_some(()))
        });
        sampled.unwrap_or_else(|error| panic!("1 in {rate}: {error:#}, {:?}", self.rates()));
    }

    /// Hears all that was sampled.
    fn finish(&mut self, agent: &Agent) {
        let status = agent.settled(self.sent.len() as u64).expect("all are counted");
        let port = &status["interfaces"][0];
        assert_eq!(port["samples_lost"], 0);
        let samples = number(&port["samples"]).expect("a number");
        wait("all samples", || {
            self.hear()?;
            Ok((self.heard.len() as u64 == samples).then_some(()))
        })
        .expect("each is told");
    }

    /// The rates of the samples in turn, each once until another comes.
    fn rates(&self) -> Vec<u32> {
        let mut rates: Vec<u32> = self.heard.iter().map(|flow| flow.rate).collect();
        rates.dedup();
        rates
    }

    /// How many frames the samples say there were, and by how much that may be off: the variance of a gap is a third
    /// of its mean's square.
    fn estimate(&self) -> (f64, f64) {
        let rates = || self.heard.iter().map(|flow| f64::from(flow.rate));
        (rates().sum(), SIGMAS * (rates().map(|rate| rate * rate).sum::<f64>() / 3.0).sqrt())
    }
}

#[test]
fn a_rate_that_changes_under_load_holds_from_the_next_frame_on_and_no_frame_is_missed() {
    let site = Site::enter().expect("a place for an agent");
    let collector = Collector::open().expect("a port");
    let agent = started(&site, &config(&collector, "4", ""));
    let mut traffic = Traffic::new(&collector);
    traffic.until_sampled_at(4);
    for (written, rate, words) in [
        (config(&collector, "16", ""), 16, "interface=sampler old=4 new=16"),
        (config(&collector, "16", "sampling = 2\n"), 2, "interface=sampler old=16 new=2"),
    ] {
        site.write("config.toml", &written).expect("it is written");
        agent.signal(libc::SIGHUP);
        traffic.until_sampled_at(rate);
        assert_eq!(agent.log().matches(words).count(), 1, "{words}: {}", agent.log());
    }
    traffic.finish(&agent);
    assert_eq!(traffic.rates(), [4, 16, 2]);
    let (frames, error) = traffic.estimate();
    let sent = f64::from(u32::try_from(traffic.sent.len()).expect("few"));
    assert!((frames - sent).abs() <= error, "{frames} ± {error} frames by samples, {sent} were sent");
    let matrix = agent.matrix(traffic.sent.len() as u64).expect("a matrix");
    let total = lan::total(traffic.sent.iter().map(|frame| frame.bytes.as_slice()));
    assert_eq!(matrix.cells, lan::cells(&traffic.sent));
    assert_eq!((matrix.seen, matrix.malformed, matrix.unattributed), (total, 0, 0));
    assert_eq!(port(&agent).expect("a status")["sampling_rate"], 2);
    let stopped = agent.stop(libc::SIGTERM).expect("it ends");
    assert!(stopped.log.contains("difference=0"), "{}", stopped.log);
    assert_eq!(stopped.log.matches("attached interface=").count(), 1, "{}", stopped.log);
    assert!(!stopped.log.contains("restart"), "{}", stopped.log);
}

#[test]
fn samples_are_taken_from_one_hangup_to_another() {
    let site = Site::enter().expect("a place for an agent");
    let collector = Collector::open().expect("a port");
    let config = |rate: u32| format!("[[attach]]\ninterface = \"{SAMPLER}\"\nsampling = {rate}\n");
    let agent = started(&site, &config(0));
    let mut traffic = Traffic::new(&collector);
    let mut sampled = |rounds| {
        traffic.send(rounds).expect("they are sent");
        let status = agent.settled(traffic.sent.len() as u64).expect("all are counted");
        let port = &status["interfaces"][0];
        (port["sampling_rate"].clone(), number(&port["samples"]).expect("a number"))
    };
    assert_eq!(sampled(5), (0.into(), 0));
    reload(&site, &agent, &config(1), "interface=sampler old=0 new=1");
    assert_eq!(sampled(5), (1.into(), 20));
    reload(&site, &agent, &config(0), "interface=sampler old=1 new=0");
    assert_eq!(sampled(5), (0.into(), 20));
}

#[test]
fn a_file_that_cannot_be_used_keeps_the_rate_and_says_what_to_write() {
    let site = Site::enter().expect("a place for an agent");
    let collector = Collector::open().expect("a port");
    let agent = started(&site, &config(&collector, "4", ""));
    let mut traffic = Traffic::new(&collector);
    let kept = "configuration not reloaded, the settings in force are kept: ";
    reload(&site, &agent, &config(&collector, "-1", ""), kept);
    let error = "config.toml:2: rate = -1 is out of range; write 0 to 4294967295";
    assert!(agent.log().contains(error), "{}", agent.log());
    std::fs::remove_file(site.path("config.toml")).expect("it is removed");
    let missing = "config.toml: No such file or directory";
    agent.signal(libc::SIGHUP);
    wait(missing, || Ok(agent.log().contains(missing).then_some(()))).expect("the file is missed");
    traffic.until_sampled_at(4);
    assert_eq!(port(&agent).expect("a status")["sampling_rate"], 4);
    assert!(!agent.log().contains("sampling rate changed"), "{}", agent.log());
    reload(&site, &agent, &config(&collector, "2", ""), "interface=sampler old=4 new=2");
    traffic.until_sampled_at(2);
    traffic.finish(&agent);
    assert_eq!(traffic.rates(), [4, 2]);
}

#[test]
fn what_takes_a_restart_is_named_and_the_rate_changes_all_the_same() {
    let site = Site::enter().expect("a place for an agent");
    let collector = Collector::open().expect("a port");
    let agent = started(&site, &config(&collector, "4", ""));
    let written = config(&collector, "2", "lan = \"peering\"\n[window]\nstep = \"1s\"\n");
    reload(&site, &agent, &written, "interface=sampler old=4 new=2");
    let said = "changed in the file, and in force after a restart \
                keys=\"lan in [[attach]] of sampler, step in [window]\"";
    wait(said, || Ok(agent.log().contains(said).then_some(())))
        .unwrap_or_else(|error| panic!("{error}: {}", agent.log()));
    reload(&site, &agent, &config(&collector, "8", ""), "interface=sampler old=2 new=8");
    reload(&site, &agent, &config(&collector, "8", ""), "configuration read");
    assert_eq!(agent.log().matches("after a restart").count(), 1, "{}", agent.log());
    assert_eq!(agent.log().matches("sampling rate changed").count(), 2, "{}", agent.log());
}

#[test]
fn an_interface_that_is_away_has_the_rate_when_it_is_back() {
    let site = Site::enter().expect("a place for an agent");
    let collector = Collector::open().expect("a port");
    let agent = started(&site, &config(&collector, "4", ""));
    let is_attached = |expected: bool| {
        let answer = || Ok((port(&agent)?["attached"] == expected).then_some(()));
        wait("an interface that goes or comes", answer).expect("the agent sees it");
    };
    site.namespace.ip(&["link", "delete", SAMPLER]).expect("it is deleted");
    is_attached(false);
    reload(&site, &agent, &config(&collector, "2", ""), "interface=sampler old=4 new=2");
    assert_eq!(port(&agent).expect("a status")["sampling_rate"], 2);
    site.namespace.veth(FABRIC, SAMPLER).expect("a pair of interfaces");
    is_attached(true);
    let link = || site.namespace.ip(&["-o", "link", "show", FABRIC]);
    wait("the other end has a carrier", || Ok(link()?.contains("state UP").then_some(()))).expect("it has");
    let mut traffic = Traffic::new(&collector);
    traffic.until_sampled_at(2);
    traffic.finish(&agent);
    assert_eq!(traffic.rates(), [2]);
}
