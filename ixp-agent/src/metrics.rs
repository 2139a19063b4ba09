//! The agent's state in, the Prometheus text out. Labels are bounded by the registered members and
//! the attached interfaces.

mod histogram;
mod rules;
mod sflow;
mod store;

use ixp_common::counters::Counts;
use ixp_common::frame::{Malformed, Oddity};
use prometheus::{Encoder as _, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder};

use crate::live::{Live, PortState, Roster};

/// What goes into `ixp_build_info`.
#[derive(Debug, Clone, Copy)]
pub struct Build {
    /// The agent's version.
    pub version: &'static str,
    /// The commit it was built from.
    pub revision: &'static str,
}

/// Writes all metrics.
///
/// # Errors
/// Those of the `prometheus` crate, which no state here causes.
pub fn render(live: &Live, roster: &Roster, build: Build) -> Result<String, prometheus::Error> {
    let page = Page { registry: Registry::new() };
    page.agent(live, roster, build)?;
    page.ports(live)?;
    page.reasons(live)?;
    page.members(live, roster)?;
    page.rules(live, roster)?;
    page.events(live)?;
    page.sflow(live)?;
    page.sampled(live)?;
    page.store(live)?;
    page.registry.register(Box::new(histogram::Drains::new(&live.drains)))?;
    let mut text = Vec::new();
    TextEncoder::new().encode(&page.registry.gather(), &mut text)?;
    String::from_utf8(text).map_err(|error| prometheus::Error::Msg(error.to_string()))
}

struct Page {
    registry: Registry,
}

impl Page {
    fn counter(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
        let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
        self.registry.register(Box::new(counter.clone()))?;
        Ok(counter)
    }

    fn gauge(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, prometheus::Error> {
        let gauge = IntGaugeVec::new(Opts::new(name, help), labels)?;
        self.registry.register(Box::new(gauge.clone()))?;
        Ok(gauge)
    }

    fn set(&self, name: &str, help: &str, value: usize) -> Result<(), prometheus::Error> {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        self.gauge(name, help, &[])?.with_label_values::<&str>(&[]).set(value);
        Ok(())
    }

    fn agent(&self, live: &Live, roster: &Roster, build: Build) -> Result<(), prometheus::Error> {
        let info =
            self.gauge("ixp_build_info", "Always 1; says which build runs.", &["version", "revision"])?;
        info.with_label_values(&[build.version, build.revision]).set(1);
        let in_flight = usize::try_from(live.in_flight().packets).unwrap_or(usize::MAX);
        self.set(
            "ixp_in_flight_frames",
            "Frames seen and not yet in a place; 0 when no frame comes.",
            in_flight,
        )?;
        for (name, of, (used, capacity)) in [
            ("ixp_pair_table", "members' pairs", live.pair_table),
            ("ixp_stranger_pair_table", "other pairs", live.stranger_pairs),
        ] {
            self.set(&format!("{name}_entries"), &format!("Cells of {of} in use in the kernel."), used)?;
            let help = format!("Cells of {of} that the kernel holds.");
            self.set(&format!("{name}_capacity"), &help, capacity as usize)?;
        }
        self.set("ixp_stations", "Stations in the inventory.", live.stations.fill().0)?;
        self.set("ixp_stations_capacity", "Stations that the inventory holds.", live.stations.fill().1)?;
        self.set(
            "ixp_window_records",
            "Counts of a pair in a step that the window holds.",
            live.window.records(),
        )?;
        self.set("ixp_window_bytes", "Memory that the window takes.", live.window.memory())?;
        self.set("ixp_members", "Members in the table.", roster.registry.members().len())?;
        self.set(
            "ixp_members_reload_failed",
            "1 if the latest attempt to read the members failed.",
            usize::from(roster.error.is_some()),
        )?;
        if let Some(loaded) = roster.loaded {
            let seconds = usize::try_from(loaded.as_second()).unwrap_or(0);
            self.set(
                "ixp_members_loaded_timestamp_seconds",
                "When the members table in use was read.",
                seconds,
            )?;
        }
        let loss = live.window.loss();
        let lost = [
            (
                "ixp_window_dropped_steps_total",
                "Steps that the window dropped before their time.",
                loss.steps,
            ),
            (
                "ixp_window_overflowed_packets_total",
                "Frames of pairs for which a step had no room.",
                loss.overflowed.packets,
            ),
            (
                "ixp_stations_unlisted_packets_total",
                "Frames of stations for which the inventory had no room.",
                live.stations.unlisted().packets,
            ),
        ];
        for (name, help, value) in lost {
            self.counter(name, help, &[])?.with_label_values::<&str>(&[]).inc_by(value);
        }
        self.counter(
            "ixp_agent_drain_failures_total",
            "Readings of the kernel's counters that failed.",
            &[],
        )?
        .with_label_values::<&str>(&[])
        .inc_by(live.failed_drains);
        Ok(())
    }

    fn ports(&self, live: &Live) -> Result<(), prometheus::Error> {
        let up = self.gauge(
            "ixp_interface_attached",
            "1 if the program is on the interface.",
            &["interface", "mode"],
        )?;
        let rate =
            self.gauge("ixp_sampling_rate", "One frame in this many is sampled; 0 is none.", &["interface"])?;
        for port in live.ports.values() {
            up.with_label_values(&[port.name.as_str(), port.xdp]).set(i64::from(port.is_attached));
            rate.with_label_values(&[port.name.as_str()]).set(i64::from(port.sampling_rate));
        }
        self.per_port(live, "ixp_seen", "Frames seen", |port| port.counted.counters.seen)?;
        self.per_port(
            live,
            "ixp_unattributed",
            "Frames without a cell: table full or addresses not visible",
            |port| port.counted.counters.unattributed,
        )?;
        self.per_port(
            live,
            "ixp_consumed",
            "A tap's frames that were counted and kept from the host's stack",
            |port| port.counted.counters.consumed,
        )?;
        let single = [
            (
                "ixp_samples_total",
                "Header samples handed over.",
                (|port| port.counted.counters.samples) as fn(&PortState) -> u64,
            ),
            ("ixp_samples_lost_total", "Header samples lost to a full ring.", |port| {
                port.counted.counters.samples_lost
            }),
            ("ixp_stations_reported_total", "Stations reported at their first frame.", |port| {
                port.counted.counters.stations
            }),
            ("ixp_stations_suppressed_total", "Reports of stations that were held back.", |port| {
                port.counted.counters.stations_suppressed
            }),
        ];
        for (name, help, value) in single {
            let counter = self.counter(name, help, &["interface"])?;
            for port in live.ports.values() {
                counter.with_label_values(&[port.name.as_str()]).inc_by(value(port));
            }
        }
        Ok(())
    }

    fn per_port(
        &self,
        live: &Live,
        name: &str,
        what: &str,
        counts: impl Fn(&PortState) -> Counts,
    ) -> Result<(), prometheus::Error> {
        let packets = self.counter(&format!("{name}_packets_total"), &format!("{what}."), &["interface"])?;
        let bytes = self.counter(
            &format!("{name}_bytes_total"),
            &format!("{what}, in bytes without FCS."),
            &["interface"],
        )?;
        for port in live.ports.values() {
            let counts = counts(port);
            packets.with_label_values(&[port.name.as_str()]).inc_by(counts.packets);
            bytes.with_label_values(&[port.name.as_str()]).inc_by(counts.bytes);
        }
        Ok(())
    }

    fn reasons(&self, live: &Live) -> Result<(), prometheus::Error> {
        let malformed = |port: &PortState, reason: &Malformed| port.counted.malformed.get(reason).copied();
        let what = "Frames that could not be parsed";
        self.per_reason(live, "ixp_malformed", what, &Malformed::ALL, Malformed::name, malformed)?;
        let odd = |port: &PortState, oddity: &Oddity| port.counted.odd.get(oddity).copied();
        self.per_reason(
            live,
            "ixp_odd",
            "Frames with something odd, counted in their cell",
            &Oddity::ALL,
            Oddity::name,
            odd,
        )
    }

    fn per_reason<R: Copy>(
        &self,
        live: &Live,
        name: &str,
        what: &str,
        reasons: &[R],
        label: fn(R) -> &'static str,
        counts: impl Fn(&PortState, &R) -> Option<Counts>,
    ) -> Result<(), prometheus::Error> {
        let labels = ["interface", "reason"];
        let packets = self.counter(&format!("{name}_packets_total"), &format!("{what}."), &labels)?;
        let bytes =
            self.counter(&format!("{name}_bytes_total"), &format!("{what}, in bytes without FCS."), &labels)?;
        for port in live.ports.values() {
            for reason in reasons {
                let counts = counts(port, reason).unwrap_or_default();
                packets.with_label_values(&[port.name.as_str(), label(*reason)]).inc_by(counts.packets);
                bytes.with_label_values(&[port.name.as_str(), label(*reason)]).inc_by(counts.bytes);
            }
        }
        Ok(())
    }

    fn members(&self, live: &Live, roster: &Roster) -> Result<(), prometheus::Error> {
        let info = self.gauge("ixp_member_info", "Always 1; says a member's name.", &["asn", "name"])?;
        for member in roster.registry.members() {
            info.with_label_values(&[member.asn.0.to_string().as_str(), member.name.as_str()]).set(1);
        }
        let labels = ["asn", "family", "direction"];
        let packets = self.counter("ixp_member_packets_total", "Frames of a member.", &labels)?;
        let bytes = self.counter("ixp_member_bytes_total", "Bytes of a member, without FCS.", &labels)?;
        let unknown = ["family", "direction"];
        let unknown_packets =
            self.counter("ixp_unknown_packets_total", "Frames of addresses that are no member's.", &unknown)?;
        let unknown_bytes = self.counter(
            "ixp_unknown_bytes_total",
            "Bytes of addresses that are no member's, without FCS.",
            &unknown,
        )?;
        for ((party, family, direction), counts) in &live.parties {
            let (family, direction) = (family.name(), direction.name());
            if let Some(asn) = party {
                let asn = asn.0.to_string();
                packets.with_label_values(&[asn.as_str(), family, direction]).inc_by(counts.packets);
                bytes.with_label_values(&[asn.as_str(), family, direction]).inc_by(counts.bytes);
            } else {
                unknown_packets.with_label_values(&[family, direction]).inc_by(counts.packets);
                unknown_bytes.with_label_values(&[family, direction]).inc_by(counts.bytes);
            }
        }
        Ok(())
    }
}
