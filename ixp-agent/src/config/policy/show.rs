//! A policy in, the sections of a commented file that say the same out.

use ixp_common::limit::Class;
use ixp_common::rules::{Rule, RuleSet};
use serde_json::Value;
use toml::Value as Toml;

use crate::config::show::{Keys, path, section};
use crate::policy::{Actions, Exempt, LanPolicy, Policy, Rate, Webhook};

/// All of `[policy]`; `schema` is that of the section.
pub(in crate::config) fn show(policy: &Policy, schema: &Value) -> String {
    let of = |key: &str| &schema["properties"][key];
    let mut text = section("[policy]", schema, keys(policy));
    text += &rules(policy);
    text += &section("[policy.limits]", of("limits"), limits(policy));
    for (asn, rules) in &policy.members {
        let keys = vec![("asn", Some(i64::from(asn.0).into())), ("rules", Some(actions(rules)))];
        text += &section("[[policy.member]]", &of("member")["items"], keys);
    }
    for (name, LanPolicy { kind, rules }) in &policy.lans {
        let keys = vec![
            ("lan", Some(name.clone().into())),
            ("kind", Some(kind.name().into())),
            ("rules", Some(actions(rules))),
        ];
        text += &section("[[policy.lan]]", &of("lan")["items"], keys);
    }
    for Exempt { name, macs, rules } in &policy.exempt {
        let macs: Vec<Toml> = macs.iter().map(|mac| mac.to_string().into()).collect();
        let keys = vec![
            ("name", Some(name.clone().into())),
            ("macs", Some(macs.into())),
            ("rules", rules.map(names)),
        ];
        text += &section("[[policy.exempt]]", &of("exempt")["items"], keys);
    }
    text + &section("[policy.webhook]", of("webhook"), webhook(policy.webhook.as_ref()))
}

/// The keys of `[policy]` itself; its rules have a section of their own.
pub(in crate::config) fn keys(policy: &Policy) -> Keys {
    let ethertypes = policy.ethertypes.iter().map(|ethertype| format!("{:#06x}", ethertype.0).into());
    let route_servers = policy.route_servers.iter().map(|asn| i64::from(asn.0).into());
    vec![
        ("profile", Some(policy.profile.name().into())),
        ("ethertypes", Some(ethertypes.collect::<Vec<Toml>>().into())),
        ("allow_lacp", Some(policy.allow_lacp.into())),
        ("route_servers", Some(route_servers.collect::<Vec<Toml>>().into())),
        ("bgp_silence", Some(format!("{:#}", policy.bgp_silence).into())),
    ]
}

/// The keys of `[policy.limits]`.
pub(in crate::config) fn limits(policy: &Policy) -> Keys {
    let limit = |class| {
        let Rate { rate, burst } = policy.limits.of(class);
        let entries = [("rate", rate), ("burst", burst)];
        let table = entries.map(|(key, frames)| (key.to_owned(), i64::from(frames).into()));
        Some(table.into_iter().collect::<toml::Table>().into())
    };
    let mut keys: Keys = Class::ALL.into_iter().map(|class| (name(class), limit(class))).collect();
    keys.push(("sweep_targets", policy.sweep_targets.map(|targets| i64::from(targets).into())));
    keys
}

const fn name(class: Class) -> &'static str {
    match class {
        Class::Arp => "arp",
        Class::Nd => "nd",
        Class::Broadcast => "broadcast",
        Class::Multicast => "multicast",
        Class::UnknownUnicast => "unknown_unicast",
        Class::Rule => "rule",
    }
}

/// Every rule, with what is done about it.
fn rules(policy: &Policy) -> String {
    let mut text =
        "\n[policy.rules]\n# What is done about each rule: off, observe, alert, limit or drop.\n".to_owned();
    for rule in Rule::ALL {
        let action = format!("{:?}", policy.action(rule).name());
        text += &format!("{rule} = {action:<9} # {}\n", rule.title());
    }
    text
}

fn actions(actions: &Actions) -> Toml {
    let entries = actions.iter().map(|(rule, action)| (rule.to_string(), action.name().into()));
    entries.collect::<toml::Table>().into()
}

fn names(rules: RuleSet) -> Toml {
    rules.iter().map(|rule| rule.name().into()).collect::<Vec<Toml>>().into()
}

fn webhook(webhook: Option<&Webhook>) -> Keys {
    let (url, file) = match webhook {
        Some(Webhook::Url(url)) => (Some(url.clone()), None),
        Some(Webhook::File(file)) => (None, Some(file.as_path())),
        None => (None, None),
    };
    vec![("url", url.map(Toml::from)), ("url_file", path(file))]
}
