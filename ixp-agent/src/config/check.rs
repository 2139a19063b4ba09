//! A configuration file in, what is wrong with it or what it asks for out, as text.

use std::path::Path;

use super::{Overrides, resolve};
use crate::notice::Checked;

/// What `config check` prints, and whether the agent would take the file.
#[must_use]
pub fn check(path: &Path, text: &str) -> Checked {
    let label = path.display();
    match resolve(Some((path, text)), Overrides::default()) {
        Err(errors) => Checked { text: format!("{errors}\n{label}: not usable\n"), usable: false },
        Ok(config) if config.attach.is_empty() => Checked {
            text: format!(
                "{label}: usable, but it names no interface: add [[attach]], or give --interface\n"
            ),
            usable: true,
        },
        Ok(config) => {
            let names: Vec<&str> = config.attach.iter().map(|attach| attach.interface.as_str()).collect();
            Checked { text: format!("{label}: usable, counts on {}\n", names.join(", ")), usable: true }
        }
    }
}
