//! What is told to collectors and heard of switches in, the sections of a commented file that say the same out.

use serde_json::Value;
use toml::Value as Toml;

use super::{Exporter, Listen, Sflow};
use crate::config::show::{Keys, section};

/// The keys of `[sflow]` itself.
pub(in crate::config) fn keys(sflow: &Sflow) -> Keys {
    let collectors = sflow.collectors.iter().map(|collector| Toml::from(collector.to_string()));
    vec![
        ("collectors", Some(Toml::Array(collectors.collect()))),
        ("agent", sflow.agent.map(|agent| agent.to_string().into())),
        ("sub_agent", Some(i64::from(sflow.sub_agent).into())),
        ("header", Some(i64::from(sflow.header).into())),
        ("datagram", Some(i64::from(sflow.datagram).into())),
        ("counters", Some(format!("{:#}", sflow.counters).into())),
        ("hide_hosts", Some(sflow.hides_hosts.into())),
    ]
}

/// The keys of `[sflow.listen]`.
pub(in crate::config) fn listen_keys(listen: &Listen) -> Keys {
    vec![
        ("address", Some(listen.address.to_string().into())),
        ("workers", Some(i64::from(listen.workers).into())),
        ("receive_buffer", Some(i64::from(listen.receive_buffer).into())),
    ]
}

/// `[sflow.listen]` and each `[[sflow.exporter]]`; `schema` is that of `[sflow]`.
pub(in crate::config) fn listen(listen: Option<&Listen>, schema: &Value) -> String {
    let Some(listen) = listen else {
        return "\n# No samples of switches are received: add [sflow.listen] and [[sflow.exporter]].\n"
            .to_owned();
    };
    let of = |key: &str| &schema["properties"][key];
    let mut text = section("[sflow.listen]", of("listen"), listen_keys(listen));
    for Exporter { address, name, directions } in &listen.exporters {
        let keys = vec![
            ("address", Some(address.to_string().into())),
            ("name", name.clone().map(Toml::from)),
            ("directions", directions.map(|directions| directions.name().into())),
        ];
        text += &section("[[sflow.exporter]]", &of("exporter")["items"], keys);
    }
    text
}
