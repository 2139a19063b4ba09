//! The effective configuration in, a commented file that says the same out.

use std::path::Path;

use serde_json::Value;
use toml::Value as Toml;

use super::policy::show as policy;
use super::raw::RawConfig;
use super::rrd;
use super::sflow::show as sflow;
use super::store;
use super::{Attach, Config, HiddenTags, XdpMode};
use crate::notice::shape;

/// What `config show` prints: every key with its value and its meaning. What is not set stands as
/// a comment.
#[must_use]
pub fn show(config: &Config) -> String {
    let schema = shape::schema::<RawConfig>();
    let schema = &schema.as_value()["properties"];
    let mut text = String::from("# The effective configuration of ixp-agent.\n");
    for attach in &config.attach {
        text += &section("[[attach]]", &schema["attach"]["items"], attach_keys(attach));
    }
    if config.attach.is_empty() {
        text += "\n# No interface is attached: add [[attach]], or give --interface.\n";
    }
    let [members, others @ ..] = sections(config);
    text += &plain(members, schema);
    text += &policy::show(&config.policy, &schema["policy"]);
    for others in others {
        let name = others.0;
        text += &plain(others, schema);
        if name == "sflow" {
            text += &sflow::listen(config.sflow.listen.as_ref(), &schema[name]);
        }
    }
    text
}

fn plain((name, keys): (&str, Keys), schema: &Value) -> String {
    section(&format!("[{name}]"), &schema[name], keys)
}

/// The keys of a section, each with its value if it has one.
pub(super) type Keys = Vec<(&'static str, Option<Toml>)>;

pub(super) fn attach_keys(attach: &Attach) -> Keys {
    vec![
        ("interface", Some(attach.interface.as_str().into())),
        ("deployment", Some(attach.deployment.name().into())),
        ("xdp", Some(xdp(attach.xdp).into())),
        ("consume", attach.consume.map(Toml::from)),
        ("hidden_tags", Some(hidden_tags(attach.hidden_tags).into())),
        ("lan", attach.lan.clone().map(Toml::from)),
        ("port", attach.port.clone().map(Toml::from)),
        ("profile", attach.profile.map(|profile| profile.name().into())),
        ("sampling", attach.sampling.map(|rate| i64::from(rate).into())),
        ("loop_probe", attach.loop_probe.map(|every| format!("{every:#}").into())),
    ]
}

/// The sections that stand at the top, without `[policy]`.
pub(super) fn sections(config: &Config) -> [(&'static str, Keys); 8] {
    let Config { attach: _, members, policy: _, counting, sampling, sflow, window, store, rrd, http } =
        config;
    let tags = members.vlan_tags.iter();
    let tags: toml::Table = tags.map(|(id, tag)| (id.to_string(), i64::from(tag.get()).into())).collect();
    let records = i64::try_from(window.records).unwrap_or(i64::MAX);
    let members = vec![("file", path(members.file.as_deref())), ("vlan_tags", Some(tags.into()))];
    let counting = vec![
        ("pairs", Some(i64::from(counting.pairs).into())),
        ("stations", Some(i64::from(counting.stations).into())),
    ];
    let sampling = vec![("rate", Some(i64::from(sampling.rate).into()))];
    let window = vec![
        ("step", Some(format!("{:#}", window.step).into())),
        ("keep", Some(format!("{:#}", window.keep).into())),
        ("records", Some(records.into())),
    ];
    let http = vec![
        ("listen", Some(http.listen.to_string().into())),
        ("token_file", path(http.token_file.as_deref())),
    ];
    [
        ("members", members),
        ("counting", counting),
        ("sampling", sampling),
        ("sflow", sflow::keys(sflow)),
        ("window", window),
        ("store", store::keys(store)),
        ("rrd", rrd::keys(rrd)),
        ("http", http),
    ]
}

pub(super) fn path(path: Option<&Path>) -> Option<Toml> {
    path.map(|path| path.display().to_string().into())
}

pub(super) fn section(head: &str, schema: &Value, keys: Keys) -> String {
    let mut text = format!("\n{head}\n");
    for (key, value) in keys {
        let schema = &schema["properties"][key];
        let meaning = schema["description"].as_str().unwrap_or_default();
        text += &format!("# {meaning}\n");
        text += &match value {
            Some(value) => format!("{key} = {value}\n"),
            None => format!("# {key} = {}\n", schema["examples"][0]),
        };
    }
    text
}

fn xdp(mode: XdpMode) -> &'static str {
    match mode {
        XdpMode::Auto => "auto",
        XdpMode::Native => "native",
        XdpMode::Generic => "generic",
    }
}

fn hidden_tags(hidden: HiddenTags) -> &'static str {
    match hidden {
        HiddenTags::Refuse => "refuse",
        HiddenTags::Accept => "accept",
    }
}
