//! Any text is answered, and what is shown is read back.

use std::net::{IpAddr, Ipv6Addr};

use ixp_common::addr::{EtherType, Mac};
use ixp_common::rules::{Needs, Rule, RuleAction, RuleSet};
use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::config::sflow::{Exporter, Listen};
use crate::intake::Directions;
use crate::members::Asn;
use crate::policy::{Actions, Exempt, LanKind, LanPolicy, Limits, MOST_TARGETS, Policy, Rate, Webhook};
use crate::snapshot::Source;

fn configs() -> impl Strategy<Value = Config> {
    let text = || proptest::option::of("[a-z\"\\\\é][ -~]{0,8}");
    let attach = (
        "[a-z.0-9]{3,15}",
        0..3usize,
        0..3usize,
        any::<Option<bool>>(),
        any::<bool>(),
        text(),
        text(),
        0..3usize,
        (proptest::option::of(1i64..86_400), any::<Option<u32>>()),
    );
    let attach =
        attach.prop_map(|(name, deployment, xdp, consume, accept, lan, port, profile, (probe, sampling))| {
            Attach {
                interface: interface(&name),
                deployment: [Deployment::Tap, Deployment::Port, Deployment::Inline][deployment],
                xdp: [XdpMode::Auto, XdpMode::Native, XdpMode::Generic][xdp],
                consume,
                hidden_tags: if accept { HiddenTags::Accept } else { HiddenTags::Refuse },
                lan,
                port,
                profile: [None, Some(Profile::Monitor), (deployment > 0).then_some(Profile::Enforce)]
                    [profile],
                sampling,
                loop_probe: probe.filter(|_| deployment == 2).map(SignedDuration::from_secs),
            }
        });
    let attach = proptest::collection::btree_map("[a-z]{3}", attach, 0..4).prop_map(|attach| {
        let named = |(name, attach): (String, Attach)| Attach { interface: interface(&name), ..attach };
        attach.into_iter().map(named).collect::<Vec<_>>()
    });
    let tags = proptest::collection::btree_map(any::<i64>(), 0..=4094u16, 0..4);
    let numbers = (1..=key::MOST_PAIRS, 1..=key::MOST_STATIONS, any::<u32>(), 1..=key::MOST_RECORDS);
    let window = (1..=3600i64, 1..=700i64);
    (attach, text(), tags, policies(), numbers, window, any::<u16>(), text(), (sflows(), stores(), rrds()))
        .prop_map(config)
}

fn stores() -> impl Strategy<Value = Store> {
    let hours =
        || proptest::option::of(1i64..800_000).prop_map(|hours| hours.map(SignedDuration::from_hours));
    let keep = [hours(), hours(), hours(), hours(), hours()];
    let bytes = proptest::option::of(1u32..)
        .prop_map(|gigabytes| gigabytes.map(|many| u64::from(many) * 1_000_000_000));
    let folder = proptest::option::of("[a-z]{1,12}");
    (folder, keep, bytes, 1..=100u32).prop_map(|(folder, keep, bytes, share)| Store {
        folder: folder.map(PathBuf::from),
        keep,
        bytes,
        share,
    })
}

fn rrds() -> impl Strategy<Value = Rrd> {
    let rrdcached = prop_oneof![
        "/[a-z/]{1,8}".prop_map(|path| Rrdcached::Unix(path.into())),
        "[a-z.]{1,8}:[1-9][0-9]{0,3}".prop_map(Rrdcached::Tcp),
    ];
    let mapper = prop_oneof![
        "[a-z]{1,8}".prop_map(|file| Mapper::File(file.into())),
        ("https?://[a-z]{1,8}/[a-z/.%&=-]{0,8}", proptest::option::of("[a-z]{1,8}"))
            .prop_map(|(url, file)| Mapper::Portal { url, key_file: file.map(PathBuf::from) }),
    ];
    let portal = (rrdcached, "/[ -~]{0,8}[a-z]", mapper);
    let portal = portal.prop_map(|(rrdcached, folder, vlis)| Portal { rrdcached, folder, vlis });
    let source = proptest::sample::select(vec![None, Some(Source::Exact), Some(Source::Sampled)]);
    let hours = proptest::option::of(1i64..800_000);
    (proptest::option::of(portal), source, any::<bool>(), hours).prop_map(|(portal, source, fcs, hours)| {
        Rrd { portal, source, fcs, reach_back: hours.map(SignedDuration::from_hours) }
    })
}

fn sflows() -> impl Strategy<Value = Sflow> {
    let ipv4 = any::<[u8; 3]>().prop_map(|[a, b, c]| IpAddr::from([192, a, b, c]));
    let ipv6 = any::<[u8; 15]>().prop_map(|rest| {
        let mut address = [0x20; 16];
        address[1..].copy_from_slice(&rest);
        IpAddr::from(address)
    });
    let host = || prop_oneof![ipv4.clone(), ipv6.clone()];
    let collectors = proptest::collection::btree_set((host(), 1u16..), 0..3);
    let sizes = (key::LEAST_HEADER..=key::MOST_HEADER, key::LEAST_DATAGRAM..=key::MOST_DATAGRAM);
    let rest = (any::<u32>(), sizes, 1i64..86_400, any::<bool>());
    let exporter = (proptest::option::of("[ -~]{0,5}[a-z]"), 0..3usize);
    let exporters = proptest::collection::btree_map(host(), exporter, 1..3).prop_map(|exporters| {
        let directions = [None, Some(Directions::One), Some(Directions::Both)];
        let named = |(address, (name, at)): (IpAddr, (Option<String>, usize))| Exporter {
            address,
            name,
            directions: directions[at],
        };
        exporters.into_iter().map(named).collect::<Vec<_>>()
    });
    let buffer = key::LEAST_BUFFER..=key::MOST_BUFFER;
    let listen = ((host(), 1u16..), 1..=key::MOST_WORKERS, buffer, exporters);
    let listen = listen.prop_map(|(address, workers, receive_buffer, exporters)| Listen {
        address: address.into(),
        workers,
        receive_buffer,
        exporters,
    });
    let listen = proptest::option::of(listen);
    (collectors, proptest::option::of(host()), rest, listen).prop_map(|(collectors, agent, rest, listen)| {
        let (sub_agent, (header, datagram), seconds, hides_hosts) = rest;
        let collectors = collectors.into_iter().map(SocketAddr::from).collect();
        let counters = SignedDuration::from_secs(seconds);
        Sflow { collectors, agent, sub_agent, header, datagram, counters, hides_hosts, listen }
    })
}

/// Actions that are possible.
fn actions() -> impl Strategy<Value = Actions> {
    let action = (0..Rule::ALL.len(), 0..RuleAction::ALL.len());
    proptest::collection::vec(action, 0..6).prop_map(|actions| {
        let actions = actions.into_iter().map(|(rule, action)| (Rule::ALL[rule], RuleAction::ALL[action]));
        actions.filter(|(rule, _)| !matches!(rule.needs(), Needs::Agent | Needs::Responder)).collect()
    })
}

fn rate() -> impl Strategy<Value = Rate> {
    (0..=policy::MOST_FRAMES, 1..=policy::MOST_FRAMES).prop_map(|(rate, burst)| Rate { rate, burst })
}

fn exempt() -> impl Strategy<Value = Exempt> {
    let macs = proptest::collection::btree_set(any::<[u8; 5]>(), 1..4);
    let rules = proptest::option::of(proptest::collection::vec(0..Rule::ALL.len(), 1..4));
    ("[ -~]{0,8}x", macs, rules).prop_map(|(name, macs, rules)| Exempt {
        name,
        macs: macs.into_iter().map(|[a, b, c, d, e]| Mac([2, a, b, c, d, e])).collect(),
        rules: rules.map(|rules| rules.into_iter().map(|rule| Rule::ALL[rule]).collect::<RuleSet>()),
    })
}

fn policies() -> impl Strategy<Value = Policy> {
    let ethertypes = proptest::collection::btree_set(0x0600u16.., 1..8);
    let members = proptest::collection::btree_map(1u32.., actions(), 0..3);
    let lan = (0..3usize, actions()).prop_map(|(kind, rules)| LanPolicy {
        kind: [LanKind::Peering, LanKind::Multicast, LanKind::Quarantine][kind],
        rules,
    });
    let lans = proptest::collection::btree_map("[ -~]{0,8}x", lan, 0..3);
    let webhook =
        proptest::option::of(("[a-z]{1,8}", any::<bool>()).prop_map(|(name, is_file)| match is_file {
            true => Webhook::File(PathBuf::from(name)),
            false => Webhook::Url(format!("https://{name}/")),
        }));
    let lists = (ethertypes, proptest::collection::btree_set(1u32.., 0..3), any::<bool>());
    let rules = (actions(), members, lans, proptest::collection::vec(exempt(), 0..3));
    let limits = (rate(), rate(), rate(), rate(), rate(), rate());
    let limits = (limits, proptest::option::of(1..=MOST_TARGETS), 1i64..86_400);
    (lists, rules, limits, webhook).prop_map(|(lists, rules, limits, webhook)| {
        let ((ethertypes, route_servers, allow_lacp), (mut rules, members, lans, exempt)) = (lists, rules);
        let ((arp, nd, broadcast, multicast, unknown_unicast, rule), sweep_targets, silence) = limits;
        rules.retain(|rule, action| *action != rule.default_action());
        Policy {
            profile: Profile::Monitor,
            ethertypes: ethertypes.into_iter().map(EtherType).collect(),
            allow_lacp,
            route_servers: route_servers.into_iter().map(Asn).collect(),
            bgp_silence: SignedDuration::from_secs(silence),
            rules,
            limits: Limits { arp, nd, broadcast, multicast, unknown_unicast, rule },
            sweep_targets,
            members: members.into_iter().map(|(asn, actions)| (Asn(asn), actions)).collect(),
            lans,
            exempt,
            webhook,
        }
    })
}

type Parts = (
    Vec<Attach>,
    Option<String>,
    BTreeMap<i64, u16>,
    Policy,
    (u32, u32, u32, u32),
    (i64, i64),
    u16,
    Option<String>,
    (Sflow, Store, Rrd),
);

fn config(
    (attach, file, tags, policy, numbers, (step, steps), port, token, (sflow, store, rrd)): Parts,
) -> Config {
    let (pairs, stations, rate, records) = numbers;
    let address = if token.is_some() { Ipv6Addr::UNSPECIFIED } else { Ipv6Addr::LOCALHOST };
    let tags = tags.into_iter().map(|(id, tag)| (id, VlanId::configured(tag).unwrap()));
    // Steps of the store are ten seconds long at least.
    let folder = store.folder.filter(|_| 10 % step == 0);
    let is_sampling = rate != 0 || attach.iter().any(|attach| attach.sampling.unwrap_or(0) != 0);
    Config {
        attach,
        members: Members { file: file.map(PathBuf::from), vlan_tags: tags.collect() },
        policy,
        counting: Counting { pairs, stations },
        sampling: Sampling { rate },
        sflow: Sflow { collectors: if is_sampling { sflow.collectors } else { Vec::new() }, ..sflow },
        window: Window {
            step: SignedDuration::from_secs(step),
            keep: SignedDuration::from_secs(step * steps),
            records: u64::from(records),
        },
        // Files are written of what is kept.
        rrd: Rrd { portal: rrd.portal.filter(|_| folder.is_some()), ..rrd },
        store: Store { folder, ..store },
        http: Http { listen: SocketAddr::from((address, port)), token_file: token.map(PathBuf::from) },
    }
}

proptest! {
    #[test]
    fn what_is_shown_is_read_back_as_the_same(config in configs()) {
        let shown = show::show(&config);
        let back = resolve(Some((Path::new("config.toml"), &shown)), Overrides::default());
        prop_assert_eq!(back.map_err(|error| format!("{error}\n{shown}")), Ok(config));
    }

    #[test]
    fn any_text_is_answered_without_a_panic(text in "[\\[\\]a-z=\"{} 0-9\n]{0,100}|.{0,100}") {
        let _: bool = check::check(Path::new("c"), &text).usable;
    }
}
