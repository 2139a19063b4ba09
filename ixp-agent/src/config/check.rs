//! A configuration file in, what is wrong with it or what it asks for out, as text.

use std::path::Path;

use super::{Config, Overrides, resolve};
use crate::notice::Checked;

/// What `config check` prints, and whether the agent would take the file.
#[must_use]
pub fn check(path: &Path, text: &str) -> Checked {
    let label = path.display();
    match resolve(Some((path, text)), Overrides::default()) {
        Err(errors) => Checked { text: format!("{errors}\n{label}: not usable\n"), usable: false },
        Ok(config) => Checked { text: format!("{label}: usable, {}\n", intent(&config)), usable: true },
    }
}

/// What the agent would do by it.
fn intent(config: &Config) -> String {
    let names: Vec<&str> = config.attach.iter().map(|attach| attach.interface.as_str()).collect();
    let names = names.join(", ");
    let heard = config.sflow.listen.as_ref().map(|listen| match listen.exporters.len() {
        1 => format!("samples of 1 exporter at {}", listen.address),
        exporters => format!("samples of {exporters} exporters at {}", listen.address),
    });
    match (names.as_str(), heard) {
        ("", None) => "but it names no interface: add [[attach]], or give --interface".to_owned(),
        ("", Some(heard)) => format!("receives {heard}; counts on no interface"),
        (names, None) => format!("counts on {names}"),
        (names, Some(heard)) => format!("counts on {names}, receives {heard}"),
    }
}
