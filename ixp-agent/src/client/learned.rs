//! `members learned`: the stations that the agent has seen, as entries of a members file.

use std::io::Write;
use std::net::IpAddr;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::text::{counted, safe};
use super::{Error, Server};

/// Flags of `members learned`.
#[derive(Debug, Args)]
pub struct LearnedArgs {
    #[command(flatten)]
    server: Server,
    /// How they are written
    #[arg(long, value_enum, default_value_t = Written::Toml)]
    format: Written,
}

/// How stations are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Written {
    /// As entries of a members file, with comments
    Toml,
    /// As the agent answers
    Json,
}

#[derive(Debug, Deserialize)]
struct Answer {
    stations: Vec<Station>,
}

#[derive(Debug, Deserialize)]
struct Station {
    vlan: u16,
    mac: String,
    asn: Option<u32>,
    member: Option<String>,
    seen_on: Option<String>,
    port: Option<String>,
    lan: Option<String>,
    first_seen: Timestamp,
    last_seen: Timestamp,
    packets: u64,
    claims: Vec<Claim>,
    more_claims: usize,
    probable_member: Option<Probable>,
}

#[derive(Debug, Deserialize)]
struct Claim {
    address: IpAddr,
    on_lan: bool,
    owner: Option<u32>,
    conflicts: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Probable {
    asn: u32,
    name: String,
    lan: String,
    interface: String,
    macs: Vec<String>,
}

impl Station {
    /// Whether its entry can be pasted as it is: it is probably the one that a member's interface lacks, and
    /// nobody contradicts it. If that interface has another, this may be its new router, or somebody who takes
    /// its traffic.
    fn is_missing(&self) -> bool {
        let is_disputed = self.claims.iter().any(|claim| claim.on_lan && !claim.conflicts.is_empty());
        !is_disputed && self.probable_member.as_ref().is_some_and(|probable| probable.macs.is_empty())
    }
}

/// Writes the stations.
///
/// # Errors
/// [`Error`].
pub fn run(args: &LearnedArgs, out: &mut impl Write) -> Result<(), Error> {
    let json: Value = args.server.ask("/api/v1/stations", &[])?;
    if args.format == Written::Json {
        return Ok(writeln!(out, "{json:#}")?);
    }
    let answer = Answer::deserialize(&json)
        .map_err(|error| Error::Strange { url: args.server.url.clone(), reason: error.to_string() })?;
    write(&answer, out)
}

fn write(answer: &Answer, out: &mut impl Write) -> Result<(), Error> {
    let (known, unknown): (Vec<&Station>, Vec<&Station>) =
        answer.stations.iter().partition(|station| station.asn.is_some());
    writeln!(out, "# registered stations: {}, others: {}", known.len(), unknown.len())?;
    for station in known {
        let (asn, name) = (station.asn.unwrap_or(0), station.member.as_deref().unwrap_or_default());
        writeln!(out, "# registered: {} is AS{asn} {}", safe(&station.mac), safe(name))?;
    }
    for station in unknown {
        writeln!(out)?;
        comments(station, out)?;
        entry(station, out)?;
    }
    Ok(())
}

fn comments(station: &Station, out: &mut impl Write) -> Result<(), Error> {
    let day = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let seen_on = station.seen_on.as_deref().map_or(String::new(), |name| format!(" on {}", safe(name)));
    writeln!(
        out,
        "# {} on VLAN {}, {}, first seen{seen_on}",
        safe(&station.mac),
        station.vlan,
        counted(station.packets, "frame")
    )?;
    writeln!(out, "# seen {} to {}", day(station.first_seen), day(station.last_seen))?;
    for claim in &station.claims {
        let owner = claim.owner.map_or(String::new(), |asn| format!(", which is AS{asn}'s"));
        writeln!(out, "# claims {}{owner}", claim.address)?;
        for other in &claim.conflicts {
            writeln!(out, "# CONFLICT: {} claims {} too", safe(other), claim.address)?;
        }
    }
    if station.more_claims > 0 {
        writeln!(out, "# … and {} addresses more: a proxy?", station.more_claims)?;
    }
    match &station.probable_member {
        Some(probable) => {
            writeln!(out, "# probably AS{} {}", probable.asn, safe(&probable.name))?;
            if !probable.macs.is_empty() {
                let (interface, macs) = (safe(&probable.interface), safe(&probable.macs.join(", ")));
                writeln!(
                    out,
                    "# {interface} has {macs}: ask before this one is written to its macs, or as its change"
                )?;
            }
        }
        None => writeln!(out, "# whose it is, nobody knows: write its AS number")?,
    }
    Ok(())
}

/// Ready to paste below the entries that are there, or behind a comment sign. An address that is the member's
/// already is not written again.
fn entry(station: &Station, out: &mut impl Write) -> Result<(), Error> {
    let sign = if station.is_missing() { "" } else { "# " };
    let probable = station.probable_member.as_ref();
    let lan = probable.map(|probable| probable.lan.as_str()).or(station.lan.as_deref()).unwrap_or("LAN");
    let asn = probable.map_or("64496".to_owned(), |probable| probable.asn.to_string());
    writeln!(out, "{sign}[[member]]\n{sign}asn = {asn}")?;
    if let Some(probable) = probable.filter(|probable| !probable.name.is_empty()) {
        writeln!(out, "{sign}name = {}", quoted(&probable.name))?;
    }
    writeln!(out, "{sign}[[member.interface]]\n{sign}lan = {}", quoted(lan))?;
    writeln!(out, "{sign}macs = [{}]", quoted(&station.mac))?;
    for (key, is_ipv4) in [("ipv4", true), ("ipv6", false)] {
        let addresses = own(station, is_ipv4);
        if !addresses.is_empty() {
            writeln!(out, "{sign}{key} = [{}]", addresses.join(", "))?;
        }
    }
    if let Some(port) = &station.port {
        writeln!(out, "{sign}port = {}", quoted(port))?;
    }
    Ok(())
}

/// The addresses of the LAN that a station claims, and nobody has, or else claims.
fn own(station: &Station, is_ipv4: bool) -> Vec<String> {
    let is_own = |claim: &&Claim| {
        let is_free = claim.owner.is_none() && claim.conflicts.is_empty();
        claim.on_lan && is_free && claim.address.is_ipv4() == is_ipv4
    };
    station.claims.iter().filter(is_own).map(|claim| quoted(&claim.address.to_string())).collect()
}

fn quoted(text: &str) -> String {
    toml::Value::from(safe(text)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::members::{VlanTags, parse};

    /// The members file that is there.
    const MEMBERS: &str = "[[lan]]\nname = \"peering\"\nipv4 = \"192.0.2.0/24\"\n\
        [[member]]\nasn = 64500\nname = 'Example \"Networks\"'\n[[member.interface]]\nlan = \"peering\"\nipv4 = [\"192.0.2.1\"]\n";

    /// A station that claims 192.0.2.1 and .9; with whom the latter is in dispute, and the MACs of the member
    /// that has the first.
    fn station(mac: &str, disputed: &[&str], probable: Option<&[&str]>) -> Value {
        let member = probable.map(|macs| {
            serde_json::json!({"asn": 64500, "name": "Example \"Networks\"", "lan": "peering",
                "interface": "AS64500@peering", "macs": macs})
        });
        let owner = probable.map(|_| 64500);
        serde_json::json!({
            "vlan": 0, "mac": mac, "asn": null, "member": null, "seen_on": "eth1", "port": "sw1:1", "lan": "peering",
            "first_seen": "2026-11-22T10:00:00Z", "last_seen": "2026-11-22T11:00:00Z", "packets": 12,
            "claims": [
                {"address": "192.0.2.1", "on_lan": true, "owner": owner, "conflicts": []},
                {"address": "192.0.2.9", "on_lan": true, "owner": null, "conflicts": disputed},
                {"address": "fe80::1", "on_lan": false, "owner": null, "conflicts": []},
            ],
            "more_claims": 0, "probable_member": member,
        })
    }

    fn written(stations: &[Value]) -> String {
        let answer = serde_json::from_value(serde_json::json!({ "stations": stations })).expect("sound");
        let mut out = Vec::new();
        write(&answer, &mut out).expect("a vector takes it");
        String::from_utf8(out).expect("UTF-8")
    }

    /// The MACs and IPv4 addresses of all interfaces once the text stands below the members.
    fn pasted(text: &str) -> Vec<(usize, usize)> {
        let (registry, _) = parse("m", &format!("{MEMBERS}{text}"), &VlanTags::new()).expect(text);
        assert_eq!(registry.members().len(), 1);
        registry.interfaces().iter().map(|at| (at.macs.len(), at.ipv4.len())).collect()
    }

    #[test]
    fn what_is_learned_can_be_pasted_below_the_members() {
        let missing = station("02:00:00:00:00:01", &[], Some(&[]));
        let text = written(&[missing, station("02:00:00:00:00:02", &[], None)]);
        assert_eq!(pasted(&text), [(0, 1), (1, 1)], "{text}");
    }

    #[test]
    fn who_may_be_taking_anothers_traffic_is_not_ready_to_paste() {
        let other = "02:00:00:00:00:07";
        let text = written(&[station("02:00:00:00:00:01", &[], Some(&[other]))]);
        assert_eq!(pasted(&text), [(0, 1)], "{text}");
        assert!(text.contains("# AS64500@peering has 02:00:00:00:00:07: ask before"), "{text}");
        let text = written(&[station("02:00:00:00:00:01", &[other], Some(&[]))]);
        assert_eq!(pasted(&text), [(0, 1)], "{text}");
        assert!(text.contains("# CONFLICT: 02:00:00:00:00:07 claims 192.0.2.9 too\n"), "{text}");
    }
}
