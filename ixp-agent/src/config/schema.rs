//! The JSON schema of the configuration file, as text.

use super::raw::RawConfig;
use crate::notice::shape;

/// What `config schema` prints.
#[must_use]
pub fn schema() -> String {
    format!("{:#}\n", shape::schema::<RawConfig>().as_value())
}
