//! The ifIndexes of samples, as Akvorado reads them (`exporter-sources` of its static metadata provider).

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::Api;
use super::problem::Problem;
use crate::members::{Member, Registry, ifindex};

/// Bits per second in a Mbit/s.
const MEGA: u64 = 1_000_000;

/// One exporter: this agent.
#[derive(Debug, Serialize)]
pub(super) struct Exporter {
    exportersubnet: String,
    name: String,
    /// An interface that is not listed is named by `default`.
    skipmissinginterfaces: bool,
    default: Named,
    interfaces: Vec<Listed>,
}

#[derive(Debug, Serialize)]
struct Named {
    name: String,
    description: String,
    /// Mbit/s, 0 if nobody says.
    speed: u64,
}

#[derive(Debug, Serialize)]
struct Listed {
    ifindex: u32,
    #[serde(flatten)]
    named: Named,
}

pub(super) async fn get(State(api): State<Arc<Api>>) -> Result<Json<[Exporter; 1]>, Problem> {
    let agent = api.live().sflow.as_ref().map(|state| state.agent);
    let agent = agent.ok_or_else(|| {
        Problem::not_found("no samples are told by sFlow: set collectors in [sflow] of the configuration")
    })?;
    Ok(Json([exporter(agent, &api.roster.load().registry)]))
}

fn exporter(agent: IpAddr, registry: &Registry) -> Exporter {
    let bits = if agent.is_ipv4() { 32 } else { 128 };
    let listed =
        |member: &Member| Some(Listed { ifindex: ifindex(member.asn)?, named: named(registry, member) });
    let mut interfaces: Vec<Listed> = registry.members().iter().filter_map(listed).collect();
    interfaces.sort_by_key(|listed| listed.ifindex);
    Exporter {
        exportersubnet: format!("{agent}/{bits}"),
        name: format!("ixp-agent-{agent}"),
        skipmissinginterfaces: false,
        default: Named { name: "unknown".to_owned(), description: "no member's".to_owned(), speed: 0 },
        interfaces,
    }
}

/// The speed is that of all ports of the member together.
fn named(registry: &Registry, member: &Member) -> Named {
    let speed: u64 = registry.interfaces_of(member.asn).filter_map(|interface| interface.speed).sum();
    Named { name: member.asn.to_string(), description: member.name.clone(), speed: speed / MEGA }
}
