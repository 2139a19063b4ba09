//! A configuration in, what is wrong with it and its members together out, as text.

use std::fs;
use std::path::Path;

use jiff::Timestamp;

use crate::config::{self, Config, Mapper, Overrides, Portal};
use crate::members::{self, MembersError, Registry};
use crate::notice::Checked;
use crate::policy::{Ports, build};
use crate::rrd::Vlis;

/// What `config check` prints at a time, and whether the agent would take the configuration. Members that
/// cannot be read here may be there where the agent runs.
pub(super) fn config(path: &Path, text: &str, now: Timestamp) -> Checked {
    let found = config::check::check(path, text);
    let Ok(config) = config::resolve(Some((path, text)), Overrides::default()) else {
        return found;
    };
    let label = path.display();
    match together(&config, now) {
        Together::Fits(notices) => {
            let mut text: String = notices.iter().map(|notice| format!("{label}: {notice}\n")).collect();
            text += &found.text;
            Checked { text, ..found }
        }
        Together::Wrong(error, with) => {
            Checked { text: format!("{error}\n{label}: not usable with {with}\n"), usable: false }
        }
    }
}

/// What becomes of a policy with its members.
enum Together {
    /// It can be applied; what of it has no effect.
    Fits(Vec<String>),
    /// It cannot, with these.
    Wrong(String, &'static str),
}

const MEMBERS: &str = "these members";

fn together(config: &Config, now: Timestamp) -> Together {
    let registry = match &config.members.file {
        None => Registry::default(),
        Some(file) => match members::load::load(file, &config.members.vlan_tags) {
            Ok((registry, _)) => registry,
            Err(error @ MembersError::Read { .. }) => return Together::Fits(vec![error.to_string()]),
            Err(error) => return Together::Wrong(error.to_string(), MEMBERS),
        },
    };
    let told = match vlis(config.rrd.portal.as_ref()) {
        Ok(told) => told,
        Err(error) => return Together::Wrong(error, "this table of VLAN interfaces"),
    };
    let attached = config.attach.iter().map(|attach| (attach.deployment, attach.port.as_deref()));
    let tables = Ports::new(attached).and_then(|ports| build(&config.policy, &registry, &ports, now, 0));
    match tables {
        Ok(tables) => Together::Fits(tables.notices.into_iter().chain(told).collect()),
        Err(error) => Together::Wrong(error.to_string(), MEMBERS),
    }
}

/// What cannot be used of the table of VLAN interfaces, or why none of it can.
fn vlis(portal: Option<&Portal>) -> Result<Vec<String>, String> {
    let Some(portal) = portal else { return Ok(Vec::new()) };
    let file = match &portal.vlis {
        Mapper::File(file) => file,
        Mapper::Portal { key_file: None, .. } => return Ok(Vec::new()),
        Mapper::Portal { url, key_file: Some(key) } => {
            let why =
                |error| format!("read {}: {error}; until it is there {url} is not asked", key.display());
            return Ok(fs::read_to_string(key).err().map(why).into_iter().collect());
        }
    };
    let (text, file) = (fs::read_to_string(file), file.display());
    match text {
        Ok(text) => {
            let vlis = Vlis::parse(&text).map_err(|error| format!("{file}: {error}"))?;
            Ok(vlis.notices.iter().map(|notice| format!("{file}: {notice}")).collect())
        }
        Err(error) => Ok(vec![format!("read {file}: {error}; until it is there no RRD files are written")]),
    }
}
