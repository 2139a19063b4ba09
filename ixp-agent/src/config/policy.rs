//! `[policy]` as it is written in, the checked [`Policy`] out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ixp_common::addr::{EtherType, Mac};
use ixp_common::rules::{Needs, Rule, RuleAction, RuleSet};
use toml::Spanned;

use super::resolve::Reading;
use super::{ConfigError, Overrides, key, resolve};
use crate::members::Asn;
use crate::notice::reader::Reader;
use crate::notice::suggest::did_you_mean;
use crate::notice::{Source, shape};
use crate::policy::{
    Actions, Exempt, LanKind, LanPolicy, Limits, MOST_ETHERTYPES, MOST_TARGETS, Policy, Rate, Webhook,
};

pub(super) mod raw;
pub(super) mod show;

use raw::{RawExempt, RawLan, RawLimits, RawMember, RawPolicy, RawRate, RawRules, RawWebhook};

/// Frames per second, or at once, at most.
pub(super) const MOST_FRAMES: u32 = 1_000_000_000;

/// Keys of a configuration that no policy has at its top.
pub(super) const SECTIONS: [&str; 10] =
    ["attach", "counting", "http", "members", "policy", "rrd", "sampling", "sflow", "store", "window"];

/// The policy in a file of its own, with the keys of `[policy]` at the top, or in a configuration.
///
/// # Errors
/// [`ConfigError::Invalid`] with all that is wrong.
pub fn read(path: &Path, text: &str) -> Result<Policy, ConfigError> {
    let table = text.parse::<toml::Table>().unwrap_or_default();
    if SECTIONS.iter().any(|section| table.contains_key(*section)) {
        return resolve(Some((path, text)), Overrides::default()).map(|config| config.policy);
    }
    let label = path.display().to_string();
    let source = Source::new(&label, text);
    let (raw, errors) = shape::read::<RawPolicy>(&source);
    let mut reading = Reading::new(Reader::new(&source, errors), path);
    let policy = reading.policy(&raw.unwrap_or_default());
    reading.reader.finish().map_err(ConfigError::Invalid)?;
    Ok(policy)
}

impl Reading<'_> {
    pub(super) fn policy(&mut self, raw: &RawPolicy) -> Policy {
        let default = Policy::default();
        let mut rules = self.rules(&raw.rules);
        rules.retain(|rule, action| *action != rule.default_action());
        Policy {
            profile: raw.profile.map_or(default.profile, Into::into),
            ethertypes: self.ethertypes(raw.ethertypes.as_ref()).unwrap_or(default.ethertypes),
            allow_lacp: raw.allow_lacp.unwrap_or(default.allow_lacp),
            route_servers: raw
                .route_servers
                .iter()
                .filter_map(|asn| self.asn("route_servers", asn))
                .collect(),
            bgp_silence: self
                .reader
                .checked(raw.bgp_silence.as_ref(), |text| key::duration("bgp_silence", text))
                .unwrap_or(default.bgp_silence),
            rules,
            limits: self.limits(&raw.limits),
            sweep_targets: self.sweep_targets(&raw.limits),
            members: self.policy_members(&raw.member),
            lans: self.policy_lans(&raw.lan),
            exempt: raw.exempt.iter().filter_map(|exempt| self.exempt(exempt)).collect(),
            webhook: self.webhook(&raw.webhook),
        }
    }

    fn asn(&mut self, key: &str, raw: &Spanned<i64>) -> Option<Asn> {
        self.reader.checked(Some(raw), |asn| key::number(key, *asn, 1..=u32::MAX)).map(Asn)
    }

    fn ethertypes(&mut self, raw: Option<&Spanned<Vec<Spanned<String>>>>) -> Option<Vec<EtherType>> {
        let raw = raw?;
        let mut ethertypes: Vec<EtherType> = Vec::new();
        for text in raw.get_ref() {
            let Some(ethertype) = self.reader.checked(Some(text), |text| key::ethertype(text)) else {
                continue;
            };
            if ethertypes.contains(&ethertype) {
                self.reader
                    .error(&text.span(), format!("{:?} is listed already; write it once", text.get_ref()));
                continue;
            }
            ethertypes.push(ethertype);
        }
        match raw.get_ref().len() {
            0 => {
                let text =
                    "ethertypes is empty, so every frame would break L01; leave it out for the usual ones";
                self.reader.error(&raw.span(), text.to_owned());
            }
            1..=MOST_ETHERTYPES => {}
            count => {
                let text = format!(
                    "{count} ethertypes, and there is room for {MOST_ETHERTYPES}; turn L01 off to allow any"
                );
                self.reader.error(&raw.span(), text);
            }
        }
        Some(ethertypes)
    }

    /// The actions of the rules that have a name.
    fn rules(&mut self, raw: &RawRules) -> Actions {
        let mut actions = Actions::new();
        for (name, action) in raw {
            let Some(rule) = self.rule(name) else { continue };
            let action = RuleAction::from(*action.get_ref());
            if let Some(text) = impossible(rule, action) {
                self.reader.error(&name.span(), text);
            } else if actions.insert(rule, action).is_some() {
                self.reader.error(&name.span(), format!("{rule} has an action already; write it once"));
            }
        }
        actions
    }

    fn rule(&mut self, name: &Spanned<String>) -> Option<Rule> {
        let parsed = |name: &String| {
            name.parse::<Rule>().map_err(|error| {
                let near = did_you_mean(name, Rule::ALL.iter().map(|rule| rule.name())).unwrap_or_default();
                format!("{name:?} is {error}{near}")
            })
        };
        self.reader.checked(Some(name), parsed)
    }

    fn limits(&mut self, raw: &RawLimits) -> Limits {
        let default = Limits::default();
        Limits {
            arp: self.rate(raw.arp.as_ref(), default.arp),
            nd: self.rate(raw.nd.as_ref(), default.nd),
            broadcast: self.rate(raw.broadcast.as_ref(), default.broadcast),
            multicast: self.rate(raw.multicast.as_ref(), default.multicast),
            unknown_unicast: self.rate(raw.unknown_unicast.as_ref(), default.unknown_unicast),
            rule: self.rate(raw.rule.as_ref(), default.rule),
        }
    }

    fn rate(&mut self, raw: Option<&RawRate>, default: Rate) -> Rate {
        let Some(raw) = raw else { return default };
        let rate = |rate: &i64| key::number("rate", *rate, 0..=MOST_FRAMES);
        let burst = |burst: &i64| key::number("burst", *burst, 1..=MOST_FRAMES);
        Rate {
            rate: self.reader.checked(raw.rate.as_ref(), rate).unwrap_or(default.rate),
            burst: self.reader.checked(raw.burst.as_ref(), burst).unwrap_or(default.burst),
        }
    }

    fn sweep_targets(&mut self, raw: &RawLimits) -> Option<u32> {
        let targets = |targets: &i64| key::number("sweep_targets", *targets, 1..=MOST_TARGETS);
        self.reader.checked(raw.sweep_targets.as_ref(), targets)
    }

    fn policy_members(&mut self, raw: &[RawMember]) -> BTreeMap<Asn, Actions> {
        let mut members = BTreeMap::new();
        for raw in raw {
            let rules = self.rules(&raw.rules);
            let Some((asn, written)) = raw.asn.as_ref().and_then(|raw| Some((self.asn("asn", raw)?, raw)))
            else {
                continue;
            };
            if members.insert(asn, rules).is_some() {
                self.reader
                    .error(&written.span(), format!("{asn} has a [[policy.member]] already; write one"));
            }
        }
        members
    }

    fn policy_lans(&mut self, raw: &[RawLan]) -> BTreeMap<String, LanPolicy> {
        let mut lans = BTreeMap::new();
        for raw in raw {
            let rules = self.rules(&raw.rules);
            let kind = raw.kind.map_or(LanKind::Peering, LanKind::from);
            let Some(written) = &raw.lan else { continue };
            let name = self.reader.checked(Some(written), |name| key::not_empty("lan", name));
            let Some(name) = name else { continue };
            if lans.insert(name, LanPolicy { kind, rules }).is_some() {
                let text = format!("LAN {:?} has a [[policy.lan]] already; write one", written.get_ref());
                self.reader.error(&written.span(), text);
            }
        }
        lans
    }

    fn exempt(&mut self, raw: &RawExempt) -> Option<Exempt> {
        let name = self.reader.checked(raw.name.as_ref(), |name| key::not_empty("name", name));
        let macs = raw.macs.as_ref().map(|macs| self.macs(macs));
        let rules = raw.rules.as_ref().map(|rules| self.exempted(rules));
        Some(Exempt { name: name?, macs: macs?, rules })
    }

    fn macs(&mut self, raw: &Spanned<Vec<Spanned<String>>>) -> BTreeSet<Mac> {
        if raw.get_ref().is_empty() {
            self.reader
                .error(&raw.span(), "macs is empty; write the MACs, or leave the entry out".to_owned());
        }
        let macs =
            raw.get_ref().iter().filter_map(|mac| self.reader.checked(Some(mac), |mac| key::station(mac)));
        macs.collect()
    }

    fn exempted(&mut self, raw: &Spanned<Vec<Spanned<String>>>) -> RuleSet {
        if raw.get_ref().is_empty() {
            self.reader.error(&raw.span(), "rules is empty; name rules, or leave it out for all".to_owned());
        }
        raw.get_ref().iter().filter_map(|name| self.rule(name)).collect()
    }

    fn webhook(&mut self, raw: &RawWebhook) -> Option<Webhook> {
        let url =
            self.reader.checked(raw.url.as_ref(), |url| key::url("url", url, "http://127.0.0.1:8080/events"));
        let file = self.path("url_file", raw.url_file.as_ref());
        if let (Some(_), Some(file)) = (&raw.url, &raw.url_file) {
            self.reader.error(&file.span(), "url and url_file are both written; leave one out".to_owned());
        }
        file.map(Webhook::File).or(url.map(Webhook::Url))
    }
}

/// What a rule cannot have done about it, and why.
fn impossible(rule: Rule, action: RuleAction) -> Option<String> {
    let title = rule.title();
    match (rule.needs(), action) {
        (Needs::Agent, RuleAction::Limit | RuleAction::Drop) => Some(format!(
            "{rule} ({title}) is found when its frames have passed; write \"alert\", \"observe\" or \"off\""
        )),
        (
            Needs::Responder,
            RuleAction::Observe | RuleAction::Alert | RuleAction::Limit | RuleAction::Drop,
        ) => Some(format!(
            "{rule} ({title}) is about programs that answer, which this one does not; leave it out"
        )),
        (Needs::Frame | Needs::Lan | Needs::Bindings | Needs::Ports | Needs::Rate, _)
        | (Needs::Agent, RuleAction::Off | RuleAction::Observe | RuleAction::Alert)
        | (Needs::Responder, RuleAction::Off) => None,
    }
}
