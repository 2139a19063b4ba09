//! The JSON schema of the configuration file, with every default, as text.

use serde_json::Value;

use super::policy::show as policy;
use super::raw::RawConfig;
use super::show::{self, Keys};
use super::{Attach, Config, InterfaceName, sflow};
use crate::notice::shape;
use crate::policy::Policy;

/// What `config schema` prints.
#[must_use]
pub fn schema() -> String {
    let mut schema = shape::schema::<RawConfig>().to_value();
    for (name, keys) in show::sections(&Config::default()) {
        set_defaults(&mut schema["properties"][name], keys);
    }
    let policy = &mut schema["properties"]["policy"];
    set_defaults(policy, policy::keys(&Policy::default()));
    set_defaults(&mut policy["properties"]["limits"], policy::limits(&Policy::default()));
    let listen = sflow::show::listen_keys(&sflow::Listen::default());
    set_defaults(&mut schema["properties"]["sflow"]["properties"]["listen"], listen);
    let mut attach = show::attach_keys(&Attach::new(InterfaceName(String::new())));
    attach.retain(|(key, _)| *key != "interface");
    set_defaults(&mut schema["properties"]["attach"]["items"], attach);
    format!("{schema:#}\n")
}

fn set_defaults(section: &mut Value, keys: Keys) {
    for (key, default) in keys {
        let Some(schema) = section["properties"][key].as_object_mut() else {
            continue;
        };
        schema.remove("default");
        let default = default.and_then(|default| serde_json::to_value(default).ok());
        schema.extend(default.map(|default| ("default".to_owned(), default)));
    }
}
