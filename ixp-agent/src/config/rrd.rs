//! `[rrd]` in, whose files in IXP Manager's layout are written, and how, out, checked.

use std::fmt;
use std::path::PathBuf;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::{Spanned, Value as Toml};

use super::raw::RawConfig;
use super::resolve::Reading;
use super::show::{Keys, path};
use super::store::kept;
use super::{Store, key};
use crate::snapshot::Source;

/// How an address of IXP Manager is written.
const EXAMPLE: &str = "https://ixp.example.net/api/v4/sflow-db-mapper/configured-macs";

/// Files in IXP Manager's layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rrd {
    /// Where they are written; `None`: nowhere.
    pub portal: Option<Portal>,
    /// What is written of the past; `None`: what is counted, or sampled where nothing is counted.
    pub source: Option<Source>,
    /// Whether bytes are those with the FCS, as switches count.
    pub fcs: bool,
    /// How old a step may be to be written still; `None`: any.
    pub reach_back: Option<SignedDuration>,
}

/// An exchange's portal, as far as it goes by files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portal {
    /// Who writes the files.
    pub rrdcached: Rrdcached,
    /// The folder that they are in, as `rrdcached` has it.
    pub folder: String,
    /// Who says which VLAN interface is behind which MAC.
    pub vlis: Mapper,
}

/// Who says which VLAN interface of IXP Manager is behind which MAC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mapper {
    /// A file.
    File(PathBuf),
    /// IXP Manager itself.
    Portal {
        /// Where its `sflow-db-mapper` answers.
        url: String,
        /// The file that has the key of its API in the first line.
        key_file: Option<PathBuf>,
    },
}

impl fmt::Display for Mapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Portal { url, .. } => f.write_str(url),
        }
    }
}

/// Where `rrdcached` listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rrdcached {
    /// A socket of this host.
    Unix(PathBuf),
    /// A host and a port.
    Tcp(String),
}

impl fmt::Display for Rrdcached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => path.display().fmt(f),
            Self::Tcp(host) => f.write_str(host),
        }
    }
}

impl Default for Rrd {
    fn default() -> Self {
        Self { portal: None, source: None, fcs: false, reach_back: Some(SignedDuration::from_hours(7 * 24)) }
    }
}

/// Files in IXP Manager's layout, as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRrd {
    /// Where rrdcached listens: the path of its socket, or host and port. Without it no RRD files are written.
    #[serde(default)]
    #[schemars(with = "String", example = &"/var/run/rrdcached.sock")]
    pub(super) rrdcached: Option<Spanned<String>>,
    /// The folder of the files as rrdcached has it: the root of the sflow backend of IXP Manager's Grapher.
    #[serde(default)]
    #[schemars(with = "String", example = &"/srv/ixpmatrix")]
    pub(super) folder: Option<Spanned<String>>,
    /// Which VLAN interface is behind which MAC: the address of IXP Manager's sflow-db-mapper, or a file of what it answers.
    #[serde(default)]
    #[schemars(with = "String", example = &"https://ixp.example.net/api/v4/sflow-db-mapper/configured-macs")]
    pub(super) vlis: Option<Spanned<String>>,
    /// Where vlis is an address, a file with a key of IXP Manager's API in its first line; relative to this file.
    #[serde(default)]
    #[schemars(with = "String", example = &"ixp-manager-key")]
    pub(super) vlis_key_file: Option<Spanned<String>>,
    /// What of the past is written: exact or sampled [default: exact, or sampled if no interface is attached].
    #[serde(default)]
    #[schemars(with = "SourceName", example = &"exact")]
    pub(super) source: Option<SourceName>,
    /// Whether bytes are those with the FCS, as switches and their samples have it; matrices have none.
    #[serde(default)]
    #[schemars(with = "bool", example = false)]
    pub(super) fcs: Option<bool>,
    /// How old five minutes may be to be written still, after an outage or at the first start: hours and days, or forever.
    #[serde(default)]
    #[schemars(with = "String", example = &"7d")]
    pub(super) reach_back: Option<Spanned<String>>,
}

/// How what is kept came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum SourceName {
    /// Each frame was counted.
    Exact,
    /// Some frames stand for all.
    Sampled,
}

impl From<SourceName> for Source {
    fn from(name: SourceName) -> Self {
        match name {
            SourceName::Exact => Self::Exact,
            SourceName::Sampled => Self::Sampled,
        }
    }
}

impl Reading<'_> {
    pub(super) fn rrd(&mut self, config: &RawConfig, store: &Store) -> Rrd {
        let raw = &config.rrd;
        let default = Rrd::default();
        let reach_back = self.reader.checked(raw.reach_back.as_ref(), |text| key::keep("reach_back", text));
        Rrd {
            portal: self.portal(config, store),
            source: raw.source.map(Source::from),
            fcs: raw.fcs.unwrap_or(default.fcs),
            reach_back: reach_back.unwrap_or(default.reach_back),
        }
    }

    fn portal(&mut self, config: &RawConfig, store: &Store) -> Option<Portal> {
        let raw = &config.rrd;
        let written = raw.rrdcached.as_ref();
        let rrdcached = self.reader.checked(written, |text| key::rrdcached(text));
        let folder = self.reader.checked(raw.folder.as_ref(), |text| key::folder_of_files(text));
        let vlis = self.mapper(raw);
        let of = written?.span();
        if store.folder.is_none() && config.store.folder.is_none() {
            let text = "what is written to RRD files comes from the store; write folder in [store], too";
            self.reader.error(&of, text.to_owned());
        }
        let lacks = [
            (raw.folder.is_none(), "folder = \"/srv/ixpmatrix\""),
            (raw.vlis.is_none(), "vlis = \"vlis.json\""),
        ];
        for (_, example) in lacks.into_iter().filter(|(lacks, _)| *lacks) {
            let name = example.split(' ').next().unwrap_or_default();
            let text =
                format!("rrdcached goes with {name}, which is missing in [rrd]; write it as {example}");
            self.reader.error(&of, text);
        }
        Some(Portal { rrdcached: rrdcached?, folder: folder?, vlis: vlis? })
    }

    fn mapper(&mut self, raw: &RawRrd) -> Option<Mapper> {
        let is_url = raw.vlis.as_ref().is_some_and(|text| text.get_ref().contains("://"));
        let key_file = self.path("vlis_key_file", raw.vlis_key_file.as_ref());
        if is_url {
            let url = self.reader.checked(raw.vlis.as_ref(), |text| mapper_url(text));
            return Some(Mapper::Portal { url: url?, key_file });
        }
        if let Some(file) = &raw.vlis_key_file {
            let text = format!("vlis_key_file goes with an address; write vlis = {EXAMPLE:?}");
            self.reader.error(&file.span(), text);
        }
        self.path("vlis", raw.vlis.as_ref()).map(Mapper::File)
    }
}

/// An address that may stand in a journal.
fn mapper_url(text: &str) -> Result<String, String> {
    match text.contains(['?', '@', '#']) {
        true => Err(format!(
            "vlis = {EXAMPLE:?} is how its address is written: a key goes into the file of vlis_key_file"
        )),
        false => key::url("vlis", text, EXAMPLE),
    }
}

pub(super) fn keys(rrd: &Rrd) -> Keys {
    let portal = rrd.portal.as_ref();
    let key_file = portal.and_then(|portal| match &portal.vlis {
        Mapper::File(_) => None,
        Mapper::Portal { key_file, .. } => key_file.as_deref(),
    });
    vec![
        ("rrdcached", portal.map(|portal| portal.rrdcached.to_string().into())),
        ("folder", portal.map(|portal| portal.folder.clone().into())),
        ("vlis", portal.map(|portal| portal.vlis.to_string().into())),
        ("vlis_key_file", path(key_file)),
        ("source", rrd.source.map(|source| Toml::from(source.name()))),
        ("fcs", Some(rrd.fcs.into())),
        ("reach_back", Some(kept(&rrd.reach_back).into())),
    ]
}
