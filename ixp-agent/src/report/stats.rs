//! What can be said of a time in, that as JSON, CSV and a table out.

use std::cmp::Reverse;
use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use super::flow::FlowDto;
use super::{BYTE_BASIS, lined};
use crate::format::{clipped, human, quoted};
use crate::members::{Asn, Registry};
use crate::snapshot::Source;
use crate::store::{Stats, Step, Whose};

/// Letters that a member's number and name take.
const NAME_WIDTH: usize = 22;

/// What can be said of a time, as JSON.
#[derive(Debug, Serialize)]
pub struct StatsDto {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    observed_ms: i64,
    source: &'static str,
    byte_basis: &'static str,
    /// The step that percentiles are of.
    step: &'static str,
    steps: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    all: Option<FlowDto>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lans: Option<Vec<LanDto>>,
    members: Vec<MemberDto>,
}

#[derive(Debug, Serialize)]
struct LanDto {
    vlan: u16,
    lan: Option<String>,
    #[serde(flatten)]
    flow: FlowDto,
}

#[derive(Debug, Serialize)]
struct MemberDto {
    asn: Asn,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<Asn>,
    speed: Option<u64>,
    sent: FlowDto,
    received: FlowDto,
}

/// A line of a table, and of CSV.
struct Line<'s> {
    scope: &'static str,
    who: String,
    asn: Option<Asn>,
    peer: Option<Asn>,
    direction: &'static str,
    flow: &'s FlowDto,
}

impl StatsDto {
    /// As it was asked; `registry` has the names of LANs.
    #[must_use]
    pub fn new(stats: &Stats, source: Source, whose: Whose, registry: &Registry) -> Self {
        let moment = |millis| Timestamp::from_millisecond(millis).ok();
        let (peer, is_all) = match whose {
            Whose::All => (None, true),
            Whose::Member(_) => (None, false),
            Whose::Pair(_, peer) => (Some(peer), false),
        };
        let lan = |(vlan, flow): (&u16, _)| LanDto {
            vlan: *vlan,
            lan: name_of(registry, *vlan),
            flow: FlowDto::new(flow, None),
        };
        let members = stats.members.iter().map(|member| MemberDto {
            asn: member.asn,
            name: member.name.clone(),
            peer,
            speed: member.speed,
            sent: FlowDto::new(&member.sent, member.speed),
            received: FlowDto::new(&member.received, member.speed),
        });
        let (step, steps) = stats.steps;
        Self {
            from: moment(stats.from),
            to: moment(stats.to),
            observed_ms: stats.observed,
            source: source.name(),
            byte_basis: BYTE_BASIS,
            step: step.name(),
            steps,
            all: stats.all.as_ref().map(|all| FlowDto::new(all, None)),
            lans: is_all.then(|| stats.lans.iter().map(lan).collect()),
            members: members.collect(),
        }
    }

    fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let all = self.all.iter().map(|flow| Line {
            scope: "all",
            who: "all".to_owned(),
            asn: None,
            peer: None,
            direction: "both",
            flow,
        });
        let lans = self.lans.iter().flatten().map(|lan| Line {
            scope: "lan",
            who: lan.lan.clone().unwrap_or_else(|| format!("VLAN {}", lan.vlan)),
            asn: None,
            peer: None,
            direction: "both",
            flow: &lan.flow,
        });
        all.chain(lans).chain(self.members.iter().flat_map(MemberDto::lines))
    }

    /// Writes a header line and a line for each direction of each; what is not known is empty.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn csv(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "scope,asn,peer,name,direction,{}", FlowDto::COLUMNS.join(","))?;
        let asn = |asn: Option<Asn>| asn.map(|asn| asn.0.to_string()).unwrap_or_default();
        for line in self.lines() {
            let Line { scope, direction, .. } = line;
            let fields = line.flow.fields().join(",");
            writeln!(
                out,
                "{scope},{},{},{},{direction},{fields}",
                asn(line.asn),
                asn(line.peer),
                quoted(&line.who)
            )?;
        }
        Ok(())
    }

    /// Writes a table, the members with most traffic first.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn table(&self, out: &mut impl Write) -> io::Result<()> {
        let both =
            |member: &&MemberDto| Reverse(u128::from(member.sent.bytes) + u128::from(member.received.bytes));
        let mut members: Vec<&MemberDto> = self.members.iter().collect();
        members.sort_by_key(both);
        let few = self.lines().filter(|line| line.scope == "all" || line.scope == "lan");
        let rows = few.chain(members.into_iter().flat_map(MemberDto::lines)).map(|line| row(&line));
        let header = ["BIT/S", "", "AVERAGE", "95 %", "PEAK", "1 S", "PORT", "IPV6", "A MONTH"];
        writeln!(out, "{}", lined(&header, 2, rows).trim_fmt())?;
        self.notes(out)
    }

    fn notes(&self, out: &mut impl Write) -> io::Result<()> {
        let (from, to) = (shown(self.from), shown(self.to));
        writeln!(out, "\nfrom      {from} to {to}")?;
        let length = self.to.zip(self.from).map_or(0, |(to, from)| to.duration_since(from).as_millis());
        let share = (i128::from(self.observed_ms) * 10_000 / length.max(1)).min(10_000);
        writeln!(out, "observed  {}.{:02} % of it", share / 100, share % 100)?;
        let step = match Step::from_name(self.step) {
            Some(Step::FiveMinutes) => "five minutes",
            _ => "an hour: five minutes are not kept for so long",
        };
        writeln!(out, "95 %      of {} steps of {step}; PEAK of ten seconds", self.steps)?;
        writeln!(out, "PORT      how full it is in 95 of 100 steps, as frames are on the wire")?;
        if let (None, [member]) = (&self.all, &self.members[..])
            && let Some(sizes) = member.sent.sizes()
        {
            writeln!(out, "SIZES     of what it sent, with FCS, estimated by samples: {sizes}")?;
        }
        if self.lines().all(|line| line.flow.growth_days.is_none()) {
            writeln!(out, "A MONTH   is known from 21 whole days on")?;
        }
        if self.lines().any(|line| line.flow.peak_at_most_bps.is_some()) {
            writeln!(out, "≤         its families have peaks and seconds of their own, not all at once")?;
        }
        Ok(())
    }
}

impl MemberDto {
    fn lines(&self) -> [Line<'_>; 2] {
        let scope = if self.peer.is_some() { "pair" } else { "member" };
        [("sent", &self.sent), ("received", &self.received)].map(|(direction, flow)| Line {
            scope,
            who: self.name.clone(),
            asn: Some(self.asn),
            peer: self.peer,
            direction,
            flow,
        })
    }
}

fn row(line: &Line<'_>) -> Vec<String> {
    let Line { flow, .. } = line;
    // Of two lines the first has the number, and the second the name.
    let name = match (line.direction, line.asn, line.peer) {
        ("sent", Some(asn), _) => asn.to_string(),
        ("received", _, Some(peer)) => format!("with {peer}"),
        _ => clipped(&line.who, NAME_WIDTH),
    };
    let direction = match line.direction {
        "both" => "",
        direction => direction,
    };
    let bits = |bps: Option<u64>| bps.map_or_else(|| "-".to_owned(), |bps| human(bps, ""));
    let or_at_most = |bps: Option<u64>, at_most: Option<u64>| match (bps, at_most) {
        (None, Some(most)) => format!("≤{}", human(most, "")),
        (bps, _) => bits(bps),
    };
    let part =
        |part: Option<f64>| part.map_or_else(|| "-".to_owned(), |part| format!("{:.0}%", part * 100.0));
    let growth = flow.growth_per_month.zip(flow.growth_error).map_or_else(
        || "-".to_owned(),
        |(growth, error)| format!("{:+.1}±{:.1}%", growth * 100.0, error * 100.0),
    );
    vec![
        name,
        direction.to_owned(),
        bits(flow.average_bps),
        bits(flow.p95_bps),
        or_at_most(flow.peak_bps, flow.peak_at_most_bps),
        or_at_most(flow.burst_bps, flow.burst_at_most_bps),
        part(flow.utilisation_p95),
        part(flow.ipv6_share),
        growth,
    ]
}

fn name_of(registry: &Registry, vlan: u16) -> Option<String> {
    let mut lans = registry.lans().iter();
    lans.find(|lan| lan.vlan.is_some_and(|own| own.get() == vlan)).map(|lan| lan.name.clone())
}

fn shown(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "unknown".to_owned(), |at| at.to_string())
}
