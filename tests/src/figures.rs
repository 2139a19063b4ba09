//! Figures of a measurement in, a file with those of others out.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde_json::{Map, Value};

/// Adds figures to the JSON object in `file`, under a name; without the file they begin one.
///
/// # Errors
/// The file holds something else, or cannot be written.
pub fn add(file: &Path, name: &str, figures: &impl Serialize) -> Result<()> {
    let shown = file.display();
    let mut all: Map<String, Value> = match fs::read_to_string(file) {
        Ok(text) => serde_json::from_str(&text).with_context(|| format!("{shown} is no JSON object"))?,
        Err(_) => Map::new(),
    };
    all.insert(name.to_owned(), serde_json::to_value(figures).context("write the figures as JSON")?);
    let text = serde_json::to_string_pretty(&all).context("write the figures as JSON")?;
    fs::write(file, text + "\n").with_context(|| format!("write {shown}"))
}
