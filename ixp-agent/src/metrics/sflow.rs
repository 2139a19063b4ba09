//! Where samples go and where they come from in, its metrics out. Labels are bounded by the configured collectors and
//! exporters, and by the registered members.

use prometheus::Error;

use super::Page;
use crate::intake::{Health, Reason};
use crate::live::{Live, Sampled};
use crate::snapshot::{Amount as _, Estimate};

/// Name, meaning and value of a counter of an exporter.
type Counted = (&'static str, &'static str, fn(&Health) -> u64);

impl Page {
    pub(super) fn sflow(&self, live: &Live) -> Result<(), Error> {
        let Some(state) = &live.sflow else { return Ok(()) };
        let labels = ["collector"];
        let sent =
            self.counter("ixp_sflow_datagrams_total", "Datagrams of samples that were sent.", &labels)?;
        let lost = self.counter(
            "ixp_sflow_datagrams_lost_total",
            "Datagrams of samples that could not be sent: no way to the collector, or nobody listens.",
            &labels,
        )?;
        for delivery in &state.deliveries {
            let collector = delivery.collector.to_string();
            let (taken, missed) = delivery.read();
            sent.with_label_values(&[&collector]).inc_by(taken);
            lost.with_label_values(&[&collector]).inc_by(missed);
        }
        Ok(())
    }

    /// What is sampled has names of its own, so that no sum takes it for what was counted.
    pub(super) fn sampled(&self, live: &Live) -> Result<(), Error> {
        let Some(sampled) = &live.sampled else { return Ok(()) };
        self.estimates(sampled)?;
        self.exporters(&sampled.hearing.exporters)?;
        let (used, capacity) = sampled.fill();
        self.set("ixp_sampled_pairs", "Pairs that samples were of.", used)?;
        self.set("ixp_sampled_pairs_capacity", "Pairs of samples that there is room for.", capacity)?;
        for (name, help, value) in [
            (
                "ixp_sflow_listen_dropped_datagrams_total",
                "Datagrams of samples that found the receive buffer full.",
                sampled.hearing.dropped,
            ),
            (
                "ixp_sflow_listen_refused_datagrams_total",
                "Datagrams of addresses that are no exporter's.",
                sampled.hearing.strangers.0,
            ),
        ] {
            self.counter(name, help, &[])?.with_label_values::<&str>(&[]).inc_by(value);
        }
        Ok(())
    }

    fn estimates(&self, sampled: &Sampled) -> Result<(), Error> {
        for (name, what, estimate) in [
            ("ixp_sampled_seen", "Frames that samples stand for", &sampled.seen),
            ("ixp_sampled_unattributed", "Those of them without a cell", &sampled.unattributed),
        ] {
            let plain = estimate.plain();
            for (unit, value) in [("packets", plain.packets), ("bytes", plain.bytes)] {
                let counter =
                    self.counter(&format!("{name}_{unit}_total"), &format!("{what}, {unit}."), &[])?;
                counter.with_label_values::<&str>(&[]).inc_by(value);
            }
        }
        let labels = ["asn", "family", "direction"];
        let help = "Frames of a member by samples; asn is empty for addresses that are no member's.";
        let packets = self.counter("ixp_sampled_member_packets_total", help, &labels)?;
        let bytes =
            self.counter("ixp_sampled_member_bytes_total", "Bytes of those, without FCS.", &labels)?;
        let samples =
            self.counter("ixp_sampled_member_samples_total", "Samples that stand for them.", &labels)?;
        for ((party, family, direction), estimate) in &sampled.parties {
            let asn = party.map(|asn| asn.0.to_string()).unwrap_or_default();
            let labels = [asn.as_str(), family.name(), direction.name()];
            let plain = estimate.plain();
            packets.with_label_values(&labels).inc_by(plain.packets);
            bytes.with_label_values(&labels).inc_by(plain.bytes);
            samples.with_label_values(&labels).inc_by(count(estimate));
        }
        let labels = ["rule"];
        let help = "Frames that broke a rule by samples; those alone that a header decides.";
        let broken = self.counter("ixp_sampled_rule_packets_total", help, &labels)?;
        let samples =
            self.counter("ixp_sampled_rule_samples_total", "Samples that stand for them.", &labels)?;
        for (rule, estimate) in &sampled.rules {
            broken.with_label_values(&[rule.name()]).inc_by(estimate.plain().broken.packets);
            samples.with_label_values(&[rule.name()]).inc_by(count(&estimate.broken));
        }
        Ok(())
    }

    fn exporters(&self, exporters: &[Health]) -> Result<(), Error> {
        let counters: [Counted; 8] = [
            ("datagrams", "Datagrams that came.", |health| health.datagrams),
            ("datagrams_lost", "Datagrams that did not come, by their numbers.", |health| health.lost),
            ("restarts", "Times that it began to number anew.", |health| health.restarts),
            ("samples", "Flow samples that came.", |health| health.samples),
            ("samples_lost", "Flow samples that were lost; later ones stand for them.", |health| {
                health.samples_lost
            }),
            ("samples_dropped", "Flow samples that it lost itself; later ones stand for them.", |health| {
                health.samples_dropped
            }),
            ("samples_unexplained", "Numbers of flow samples that are missing without a loss.", |health| {
                health.samples_unexplained
            }),
            ("rate_changes", "Times that a source changed its sampling rate.", |health| health.rate_changes),
        ];
        for (name, help, value) in counters {
            let counter = self.counter(&format!("ixp_sflow_exporter_{name}_total"), help, &["exporter"])?;
            for health in exporters {
                counter.with_label_values(&[health.address.to_string()]).inc_by(value(health));
            }
        }
        let refused = self.counter(
            "ixp_sflow_exporter_refused_total",
            "Datagrams, samples and records that were not taken as they are.",
            &["exporter", "reason"],
        )?;
        let last = self.gauge(
            "ixp_sflow_exporter_last_heard_timestamp_seconds",
            "When its last datagram came.",
            &["exporter"],
        )?;
        let twice = self.gauge(
            "ixp_sflow_exporter_may_count_twice",
            "1 if it samples both where frames come in and where they go out, and nobody said so.",
            &["exporter"],
        )?;
        for health in exporters {
            let address = health.address.to_string();
            for (reason, times) in health.refused() {
                refused.with_label_values(&[address.as_str(), Reason::name(reason)]).inc_by(times);
            }
            if let Some((_, heard)) = health.heard {
                last.with_label_values(&[&address]).set(heard.as_second());
            }
            twice.with_label_values(&[&address]).set(i64::from(health.may_count_twice()));
        }
        Ok(())
    }
}

fn count(estimate: &Estimate) -> u64 {
    estimate.sampled().map_or(0, |sampled| sampled.samples)
}
