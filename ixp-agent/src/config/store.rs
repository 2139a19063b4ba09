//! `[store]` in, what is kept of the past and where out, checked.

use std::path::PathBuf;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::{Spanned, Value as Toml};

use super::raw::RawConfig;
use super::resolve::Reading;
use super::show::{Keys, path};
use super::{Window, key};

/// What is kept of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Where; `None`: nothing is.
    pub folder: Option<PathBuf>,
    /// For how long, by step: 10 s, 1 min, 5 min, 1 h, 1 d; `None` is for ever.
    pub keep: [Option<SignedDuration>; 5],
    /// Bytes that all of it may take.
    pub bytes: Option<u64>,
    /// Percent of a processor that summing up may take.
    pub share: u32,
}

const DAY: i64 = 24;
/// The finest step that is kept.
const FINEST: SignedDuration = SignedDuration::from_secs(10);

impl Default for Store {
    fn default() -> Self {
        let days = |days: i64| Some(SignedDuration::from_hours(days * DAY));
        Self { folder: None, keep: [days(1), days(7), days(90), days(730), None], bytes: None, share: 25 }
    }
}

/// What is kept of the past, as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStore {
    /// The folder; relative to this file. Without one nothing is kept.
    #[serde(default)]
    #[schemars(with = "String", example = &"/var/lib/ixp-agent")]
    pub(super) folder: Option<Spanned<String>>,
    /// How long matrices of 10 seconds are kept: hours and days, or forever.
    #[serde(default)]
    #[schemars(with = "String", example = &"1d")]
    pub(super) keep_10s: Option<Spanned<String>>,
    /// The same of a minute.
    #[serde(default)]
    #[schemars(with = "String", example = &"7d")]
    pub(super) keep_1m: Option<Spanned<String>>,
    /// The same of five minutes.
    #[serde(default)]
    #[schemars(with = "String", example = &"90d")]
    pub(super) keep_5m: Option<Spanned<String>>,
    /// The same of an hour.
    #[serde(default)]
    #[schemars(with = "String", example = &"730d")]
    pub(super) keep_1h: Option<Spanned<String>>,
    /// The same of a day.
    #[serde(default)]
    #[schemars(with = "String", example = &"forever")]
    pub(super) keep_1d: Option<Spanned<String>>,
    /// Gigabytes (10⁹ bytes) that all of it may take; then the oldest of the finest go first.
    #[serde(default)]
    #[schemars(with = "i64", range(min = 1, max = u32::MAX), example = 100)]
    pub(super) gigabytes: Option<Spanned<i64>>,
    /// Percent of a processor that summing up may take.
    #[serde(default)]
    #[schemars(with = "i64", range(min = 1, max = 100), example = 25)]
    pub(super) share: Option<Spanned<i64>>,
}

impl Reading<'_> {
    pub(super) fn store(&mut self, config: &RawConfig, window: &Window) -> Store {
        let raw = &config.store;
        if let (Some(folder), false) = (&raw.folder, FINEST.as_secs() % window.step.as_secs() == 0) {
            let text = format!(
                "what is kept has steps of {FINEST:#}, and those of step = \"{:#}\" in [window] do not make up one; write \
                 step = \"10s\" there, or leave it out",
                window.step
            );
            self.reader.error(&folder.span(), text);
        }
        let default = Store::default();
        let written = [&raw.keep_10s, &raw.keep_1m, &raw.keep_5m, &raw.keep_1h, &raw.keep_1d];
        let names = NAMES;
        let mut keep = default.keep;
        for ((name, written), kept) in names.into_iter().zip(written).zip(&mut keep) {
            if let Some(time) = self.reader.checked(written.as_ref(), |text| key::keep(name, text)) {
                *kept = time;
            }
        }
        let gigabytes = |value: &i64| key::number("gigabytes", *value, 1..=u32::MAX);
        let share = |value: &i64| key::number("share", *value, 1..=100);
        Store {
            folder: self.path("folder", raw.folder.as_ref()),
            keep,
            bytes: self
                .reader
                .checked(raw.gigabytes.as_ref(), gigabytes)
                .map(|gigabytes| u64::from(gigabytes) * 1_000_000_000),
            share: self.reader.checked(raw.share.as_ref(), share).unwrap_or(default.share),
        }
    }
}

const NAMES: [&str; 5] = ["keep_10s", "keep_1m", "keep_5m", "keep_1h", "keep_1d"];

/// For how long something is kept, as it is written.
pub(super) fn kept(time: &Option<SignedDuration>) -> String {
    match time {
        None => "forever".to_owned(),
        Some(time) if time.as_hours() % DAY == 0 => format!("{}d", time.as_hours() / DAY),
        Some(time) => format!("{}h", time.as_hours()),
    }
}

pub(super) fn keys(store: &Store) -> Keys {
    let mut keys = vec![("folder", path(store.folder.as_deref()))];
    keys.extend(NAMES.into_iter().zip(&store.keep).map(|(name, time)| (name, Some(kept(time).into()))));
    let gigabytes = store.bytes.and_then(|bytes| i64::try_from(bytes / 1_000_000_000).ok());
    keys.push(("gigabytes", gigabytes.map(Toml::from)));
    keys.push(("share", Some(i64::from(store.share).into())));
    keys
}
