//! Any text is answered, and what is shown is read back.

use std::net::Ipv6Addr;

use proptest::prelude::*;

use super::*;

fn configs() -> impl Strategy<Value = Config> {
    let text = || proptest::option::of("[a-z\"\\\\é][ -~]{0,8}");
    let attach =
        ("[a-z.0-9]{3,15}", 0..3usize, 0..3usize, any::<Option<bool>>(), any::<bool>(), text(), text());
    let attach = attach.prop_map(|(name, deployment, xdp, consume, accept, lan, port)| Attach {
        interface: interface(&name),
        deployment: [Deployment::Tap, Deployment::Port, Deployment::Inline][deployment],
        xdp: [XdpMode::Auto, XdpMode::Native, XdpMode::Generic][xdp],
        consume,
        hidden_tags: if accept { HiddenTags::Accept } else { HiddenTags::Refuse },
        lan,
        port,
    });
    let attach = proptest::collection::btree_map("[a-z]{3}", attach, 0..4).prop_map(|attach| {
        let named = |(name, attach): (String, Attach)| Attach { interface: interface(&name), ..attach };
        attach.into_iter().map(named).collect::<Vec<_>>()
    });
    let tags = proptest::collection::btree_map(any::<i64>(), 0..=4094u16, 0..4);
    let numbers = (1..=key::MOST_PAIRS, 1..=key::MOST_STATIONS, any::<u32>(), 1..=key::MOST_RECORDS);
    let window = (1..=3600i64, 1..=700i64);
    (attach, text(), tags, numbers, window, any::<u16>(), text()).prop_map(config)
}

type Parts =
    (Vec<Attach>, Option<String>, BTreeMap<i64, u16>, (u32, u32, u32, u32), (i64, i64), u16, Option<String>);

fn config((attach, file, tags, numbers, (step, steps), port, token): Parts) -> Config {
    let (pairs, stations, rate, records) = numbers;
    let address = if token.is_some() { Ipv6Addr::UNSPECIFIED } else { Ipv6Addr::LOCALHOST };
    let tags = tags.into_iter().map(|(id, tag)| (id, VlanId::configured(tag).unwrap()));
    Config {
        attach,
        members: Members { file: file.map(PathBuf::from), vlan_tags: tags.collect() },
        counting: Counting { pairs, stations },
        sampling: Sampling { rate },
        window: Window {
            step: SignedDuration::from_secs(step),
            keep: SignedDuration::from_secs(step * steps),
            records: u64::from(records),
        },
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
