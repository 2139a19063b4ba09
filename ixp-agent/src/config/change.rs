//! Two configurations in; how the later one samples, and which of its keys hold only after a restart, out.

use std::collections::{BTreeMap, BTreeSet};

use toml::Table;

use super::show::{attach_keys, show};
use super::{Attach, Config, InterfaceName, Sampling};

/// One frame in so many is sampled, by interface; 0 for none.
pub type Rates = BTreeMap<InterfaceName, u32>;

/// How a configuration samples.
#[must_use]
pub fn rates(config: &Config) -> Rates {
    let rate = |attach: &Attach| (attach.interface.clone(), attach.sampling_rate(&config.sampling));
    config.attach.iter().map(rate).collect()
}

/// The keys that `written` has otherwise than the agent was started with, and that hold only after a restart: all but
/// those that say how to sample.
#[must_use]
pub fn waiting(started: &Config, written: &Config) -> Vec<String> {
    let [old, new] = [started, written].map(interfaces);
    let names: BTreeSet<&InterfaceName> = old.keys().chain(new.keys()).collect();
    let mut waiting = Vec::new();
    for name in names {
        match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) => {
                let keys = differing("", old, new).into_iter();
                waiting.extend(keys.map(|(_, key)| format!("{key} in [[attach]] of {name}")));
            }
            _ => waiting.push(format!("[[attach]] of {name}")),
        }
    }
    let [old, new] = [started, written].map(sections);
    waiting
        .extend(differing("", &old, &new).into_iter().map(|(section, key)| format!("{key} in [{section}]")));
    waiting
}

fn interfaces(config: &Config) -> BTreeMap<InterfaceName, Table> {
    let keys = |attach: &Attach| {
        let keys = attach_keys(&Attach { sampling: None, ..attach.clone() }).into_iter();
        keys.filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    };
    config.attach.iter().map(|attach| (attach.interface.clone(), keys(attach))).collect()
}

fn sections(config: &Config) -> Table {
    let others = Config { attach: Vec::new(), sampling: Sampling::default(), ..config.clone() };
    show(&others).parse().expect("what is shown is read back: a property of it")
}

/// The keys with another value, each behind the section that it is in.
fn differing(section: &str, old: &Table, new: &Table) -> Vec<(String, String)> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut differing_keys = Vec::new();
    for name in names {
        match (old.get(name), new.get(name)) {
            (old, new) if old == new => {}
            (Some(toml::Value::Table(old)), Some(toml::Value::Table(new))) => {
                let inner = if section.is_empty() { name.clone() } else { format!("{section}.{name}") };
                differing_keys.extend(differing(&inner, old, new));
            }
            _ => differing_keys.push((section.to_owned(), name.clone())),
        }
    }
    differing_keys
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Overrides, resolve};
    use super::*;

    const STARTED: &str = "[[attach]]\ninterface = \"a\"\nlan = \"peering\"\n[[attach]]\ninterface = \"b\"\n";

    fn read(text: &str) -> Config {
        resolve(Some((Path::new("c"), text)), Overrides::default()).expect("it is sound")
    }

    fn check(written: &str, expected: &[&str]) {
        assert_eq!(waiting(&read(STARTED), &read(written)), expected, "{written}");
    }

    #[test]
    fn how_to_sample_waits_for_no_restart() {
        let written = "[sampling]\nrate = 7\n[[attach]]\ninterface = \"b\"\nsampling = 0\n\
                       [[attach]]\ninterface = \"a\"\nlan = \"peering\"\n";
        check(written, &[]);
        let name = |name: &str| name.parse::<InterfaceName>().expect("a name");
        assert_eq!(rates(&read(written)), Rates::from([(name("a"), 7), (name("b"), 0)]));
    }

    #[test]
    fn other_keys_are_named_with_their_section() {
        check(
            &format!(
                "{STARTED}[window]\nstep = \"1s\"\n[http]\nlisten = \"127.0.0.1:1\"\ntoken_file = \"t\"\n"
            ),
            &["listen in [http]", "token_file in [http]", "step in [window]"],
        );
        check(
            &format!(
                "{STARTED}[policy.limits]\narp = {{ rate = 1, burst = 100 }}\n[policy.rules]\nL01 = \"off\"\n"
            ),
            &["rate in [policy.limits.arp]", "L01 in [policy.rules]"],
        );
        check(
            &format!("{STARTED}[[policy.exempt]]\nname = \"x\"\nmacs = [\"02:00:00:00:00:01\"]\n"),
            &["exempt in [policy]"],
        );
    }

    #[test]
    fn interfaces_are_compared_by_name() {
        check(
            "[[attach]]\ninterface = \"a\"\nxdp = \"generic\"\n[[attach]]\ninterface = \"c\"\n",
            &["lan in [[attach]] of a", "xdp in [[attach]] of a", "[[attach]] of b", "[[attach]] of c"],
        );
    }
}
