//! What the kernel tells of frames that break rules in, events and incidents for people out; bounded,
//! whatever the frames say.

pub mod advice;
pub mod dto;
pub mod header;
pub mod incident;
pub mod limit;
pub mod log;
pub mod settings;
pub mod summary;
pub mod webhook;
pub mod who;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ixp_common::counters::{ClaimKey, Heard, Outcome, RuleCounts, RuleKey, SessionKey, StationKey};
use ixp_common::rules::{Rule, RuleAction};
use jiff::Timestamp;

use crate::members::{Asn, Registry};
use crate::pairs::PairId;
use crate::sides::Sides;
use crate::snapshot::Delta;
use crate::stations::Inventory;

pub use self::incident::{Culprit, Incident, Incidents, Kind, Role};
use self::limit::{Limited, Limiter};
pub use self::log::{EventLog, Query};
pub use self::settings::Settings;

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Notice,
    /// Somebody should do something.
    Warning,
    /// Somebody should be woken.
    Critical,
}

impl Severity {
    /// That of a broken rule.
    #[must_use]
    pub const fn of(rule: Rule) -> Self {
        match (rule.is_critical(), rule.default_action()) {
            (true, _) => Self::Critical,
            (false, RuleAction::Off | RuleAction::Observe) => Self::Notice,
            (false, RuleAction::Alert | RuleAction::Limit | RuleAction::Drop) => Self::Warning,
        }
    }

    /// The name in JSON and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// A frame that breaks a rule, as it was told of.
#[derive(Debug, Clone, Copy)]
pub struct Breach<'a> {
    /// When it came.
    pub at: Timestamp,
    /// The rule.
    pub rule: Rule,
    /// What the rule made of it.
    pub outcome: Outcome,
    /// Who sent it.
    pub station: StationKey,
    /// Frames of the same rule and station that were not told before it.
    pub suppressed: u64,
    /// The interface it came in by.
    pub interface: Option<&'a str>,
    /// The switch port that this interface is wired to.
    pub port: Option<&'a str>,
    /// Whether the source is the address of one of the host's own interfaces.
    pub is_own: bool,
    /// The start of the frame.
    pub frame: &'a [u8],
    /// Its length on the wire without FCS.
    pub wire_len: u32,
}

/// One event: a frame that broke a rule, and how many like it were not told on their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Grows with each event.
    pub id: u64,
    /// When the frame came.
    pub at: Timestamp,
    /// The rule.
    pub rule: Rule,
    /// How much it matters.
    pub severity: Severity,
    /// Who sent it.
    pub station: StationKey,
    /// The member that the station belonged to then.
    pub asn: Option<Asn>,
    /// That member's name.
    pub member: Option<String>,
    /// The interface it came in by.
    pub interface: Option<String>,
    /// The switch port it came from: that of the interface, or else that of the member.
    pub port: Option<String>,
    /// What the rule made of it.
    pub outcome: Outcome,
    /// Frames of the same rule and station since the event before, beside this one.
    pub suppressed: u64,
    /// What happened, in words.
    pub summary: String,
    /// The frame's headers, and nothing of its payload.
    pub header: Vec<u8>,
}

/// Something that people are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// An event.
    Event(Arc<Event>),
    /// An incident as it is: it began, it grew, or it ended.
    Incident(Arc<Incident>),
}

/// News that did not reach their readers, counted by those who should have carried them.
#[derive(Debug, Default)]
pub struct Losses {
    /// To slow readers of the stream.
    pub stream: AtomicU64,
    /// To the webhook.
    pub webhook: AtomicU64,
}

impl Losses {
    /// To slow readers of the stream, and to the webhook.
    #[must_use]
    pub fn read(&self) -> (u64, u64) {
        (self.stream.load(Ordering::Relaxed), self.webhook.load(Ordering::Relaxed))
    }
}

/// News that wait to be fetched; more are lost, and counted.
const NEWS: usize = 4096;

/// Everything that is known of events and incidents.
#[derive(Debug, Default)]
pub struct Events {
    log: EventLog,
    limiter: Limiter,
    incidents: Incidents,
    settings: Settings,
    news: Vec<News>,
    news_lost: u64,
}

impl Events {
    /// Takes what the policy says of the rules that the agent itself decides.
    pub fn set(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Takes a frame that breaks a rule.
    pub fn breach(&mut self, breach: &Breach<'_>, registry: &Registry) {
        self.incidents.breach(breach, registry);
        let is_member = registry.member_of(breach.station.vlan(), breach.station.mac()).is_some();
        match self.limiter.admit(breach, is_member) {
            Limited::Told(suppressed) => self.tell(breach, suppressed, registry),
            Limited::Held | Limited::Lost => {}
        }
        self.publish();
    }

    /// Takes what was counted up to `at`, by pairs with these sides.
    pub fn counted(&mut self, at: Timestamp, delta: &Delta<PairId>, sides: &Sides, registry: &Registry) {
        self.incidents.counted(at, delta, sides, registry, &self.settings);
        self.publish();
    }

    /// Takes how many frames of a rule and station the kernel has not told of since its last event.
    pub fn untold(&mut self, untold: &BTreeMap<RuleKey, u64>) {
        self.limiter.untold(untold);
    }

    /// Takes who claims which address, who speaks BGP to whom, and which stations are on which VLANs, at
    /// `at`, which is `now` in nanoseconds of `CLOCK_MONOTONIC`.
    pub fn looked(
        &mut self,
        (at, now): (Timestamp, u64),
        claims: &BTreeMap<ClaimKey, Heard>,
        sessions: &[SessionKey],
        stations: &Inventory,
        registry: &Registry,
    ) {
        self.incidents.claimed((at, now), claims, registry, &self.settings);
        self.incidents.speaking(sessions, registry);
        self.incidents.roaming(at, stations, registry, &self.settings);
        self.publish();
    }

    /// Tells what was held back long enough, and closes what is quiet.
    pub fn tick(&mut self, at: Timestamp, registry: &Registry) {
        for held in self.limiter.due(at) {
            self.tell(&held.breach(), held.suppressed, registry);
        }
        self.incidents.tick(at);
        self.publish();
    }

    /// Tells what is held back, since nothing will follow.
    pub fn finish(&mut self, registry: &Registry) {
        for held in self.limiter.rest() {
            self.tell(&held.breach(), held.suppressed, registry);
        }
    }

    /// What there is to tell since the last call.
    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// What the rules that the agent itself decides counted since the last call: A09 one per claim that
    /// was repeated against another's, I12 the frames that were exchanged.
    pub fn agent_counts(&mut self) -> BTreeMap<RuleKey, RuleCounts> {
        self.incidents.take_counts()
    }

    /// The events.
    #[must_use]
    pub fn log(&self) -> &EventLog {
        &self.log
    }

    /// The incidents.
    #[must_use]
    pub fn incidents(&self) -> &Incidents {
        &self.incidents
    }

    /// Frames that were told of together with another.
    #[must_use]
    pub fn suppressed(&self) -> u64 {
        self.limiter.suppressed()
    }

    /// Frames that wait until their rule and station may be told of again.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.limiter.held()
    }

    /// Frames, incidents and news for which there was no room.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.limiter.lost() + self.incidents.lost() + self.news_lost
    }

    fn tell(&mut self, breach: &Breach<'_>, suppressed: u64, registry: &Registry) {
        let event = self.log.add(breach, suppressed, registry);
        self.announce(News::Event(event));
    }

    fn publish(&mut self) {
        for incident in self.incidents.take_changed() {
            self.announce(News::Incident(incident));
        }
    }

    fn announce(&mut self, news: News) {
        if self.news.len() < NEWS {
            self.news.push(news);
        } else {
            self.news_lost += 1;
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
