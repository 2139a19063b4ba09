//! The raw file and the flags in, the checked configuration out, or everything that is wrong.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ixp_common::addr::VlanId;
use ixp_common::policy::Deployment;
use toml::Spanned;

use super::key;
use super::raw::{RawAttach, RawConfig, RawCounting, RawHttp, RawMembers, RawWindow, XdpMode};
use super::{Attach, Config, ConfigError, Counting, Http, InterfaceName, Members, Sampling, Window};
use crate::notice::reader::Reader;
use crate::notice::{Notice, Place, Source, shape};
use crate::policy::{Policy, Profile};

/// What flags say; they go before the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Attach to these and no others; what the file says of them still holds.
    pub interfaces: Vec<String>,
    /// The members file, relative to the working directory.
    pub members: Option<PathBuf>,
    /// Where to serve.
    pub listen: Option<SocketAddr>,
    /// For every interface.
    pub deployment: Option<Deployment>,
    /// For every interface.
    pub xdp: Option<XdpMode>,
}

/// The configuration of a file (its path and its text) and of flags. Without a file, every default
/// holds. Relative paths in the text are taken from the file's directory.
///
/// # Errors
/// [`ConfigError::Invalid`] with all that is wrong.
pub fn resolve(file: Option<(&Path, &str)>, flags: Overrides) -> Result<Config, ConfigError> {
    let (path, text) = file.unwrap_or((Path::new(""), ""));
    let label = path.display().to_string();
    let source = Source::new(&label, text);
    let (raw, errors) = shape::read::<RawConfig>(&source);
    let mut reading = Reading::new(Reader::new(&source, errors), path);
    let config = reading.config(&raw.unwrap_or_default(), flags);
    reading.reader.finish().map_err(ConfigError::Invalid)?;
    Ok(config)
}

/// What a text is read by.
pub(super) struct Reading<'s> {
    pub(super) reader: Reader<'s>,
    /// What relative paths begin at.
    directory: &'s Path,
}

impl<'s> Reading<'s> {
    /// Reads the file of a path.
    pub(super) fn new(reader: Reader<'s>, path: &'s Path) -> Self {
        Self { reader, directory: path.parent().unwrap_or(Path::new("")) }
    }
}

impl Reading<'_> {
    fn flag_error(&mut self, flag: &str, text: String) {
        let (file, place) = (flag.to_owned(), Place::Whole);
        self.reader.errors.push(Notice { file, place, text });
    }

    fn config(&mut self, raw: &RawConfig, flags: Overrides) -> Config {
        let attach = self.attach(&raw.attach);
        let attach = self.attach_flags(attach, &flags);
        let policy = self.policy(&raw.policy);
        self.refuse_idle_drops(raw, &attach, &policy, &flags);
        self.refuse_stray_probes(raw, &attach, &flags);
        let window = self.window(&raw.window);
        let store = self.store(raw, &window);
        let rate = |rate: &i64| key::number("rate", *rate, 0..=u32::MAX);
        Config {
            attach,
            members: self.members(&raw.members, flags.members),
            policy,
            counting: self.counting(&raw.counting),
            sampling: Sampling {
                rate: self.reader.checked(raw.sampling.rate.as_ref(), rate).unwrap_or_default(),
            },
            sflow: self.sflow(raw),
            rrd: self.rrd(raw, &store),
            store,
            window,
            http: self.http(&raw.http, flags.listen),
        }
    }

    fn attach(&mut self, raw: &[RawAttach]) -> Vec<Attach> {
        let mut attached = Vec::new();
        let mut seen: HashMap<InterfaceName, Place> = HashMap::new();
        for raw in raw {
            let Some(written) = &raw.interface else { continue };
            let parsed =
                |name: &String| name.parse().map_err(|error: super::BadInterfaceName| error.to_string());
            let Some(interface) = self.reader.checked::<InterfaceName, _>(Some(written), parsed) else {
                continue;
            };
            if let Some(first) = seen.get(&interface) {
                let text = format!(
                    "interface {written:?} is attached at {first} already; write it once",
                    written = written.get_ref()
                );
                self.reader.error(&written.span(), text);
                continue;
            }
            seen.insert(interface.clone(), self.reader.place(&written.span()));
            let default = Attach::new(interface);
            attached.push(Attach {
                deployment: raw.deployment.map_or(default.deployment, Deployment::from),
                xdp: raw.xdp.unwrap_or(default.xdp),
                consume: raw.consume,
                hidden_tags: raw.hidden_tags.unwrap_or(default.hidden_tags),
                lan: self.reader.checked(raw.lan.as_ref(), |lan| key::not_empty("lan", lan)),
                port: self.reader.checked(raw.port.as_ref(), |port| key::not_empty("port", port)),
                profile: raw.profile.map(Profile::from),
                sampling: self
                    .reader
                    .checked(raw.sampling.as_ref(), |rate| key::number("sampling", *rate, 0..=u32::MAX)),
                loop_probe: self
                    .reader
                    .checked(raw.loop_probe.as_ref(), |text| key::duration("loop_probe", text)),
                ..default
            });
        }
        attached
    }

    fn attach_flags(&mut self, file: Vec<Attach>, flags: &Overrides) -> Vec<Attach> {
        let mut attached = match flags.interfaces.as_slice() {
            [] => file,
            names => self.named(&file, names),
        };
        for attach in &mut attached {
            attach.deployment = flags.deployment.unwrap_or(attach.deployment);
            attach.xdp = flags.xdp.unwrap_or(attach.xdp);
        }
        attached
    }

    fn named(&mut self, file: &[Attach], names: &[String]) -> Vec<Attach> {
        let mut attached: Vec<Attach> = Vec::new();
        for name in names {
            let interface: InterfaceName = match name.parse() {
                Ok(interface) => interface,
                Err(error) => {
                    self.flag_error("--interface", error.to_string());
                    continue;
                }
            };
            if attached.iter().any(|attach| attach.interface == interface) {
                self.flag_error("--interface", format!("{name:?} is given twice; give it once"));
                continue;
            }
            let written = file.iter().find(|attach| attach.interface == interface);
            attached.push(written.cloned().unwrap_or_else(|| Attach::new(interface)));
        }
        attached
    }

    fn members(&mut self, raw: &RawMembers, flag: Option<PathBuf>) -> Members {
        let mut vlan_tags: BTreeMap<i64, VlanId> = BTreeMap::new();
        for (id, tag) in &raw.vlan_tags {
            let id = self.reader.checked(Some(id), |id| key::vlan_id(id));
            let known = self.reader.checked(Some(tag), |tag| key::vlan_tag(*tag));
            let Some((id, known)) = id.zip(known) else {
                continue;
            };
            if vlan_tags.insert(id, known).is_some() {
                self.reader.error(&tag.span(), format!("VLAN id {id} has a tag already; write it once"));
            }
        }
        let file = self.path("file", raw.file.as_ref());
        let file = flag.or(file);
        Members { file, vlan_tags }
    }

    /// A tap's frames are copies: to drop them protects nobody, and who asks for it thinks otherwise.
    fn refuse_idle_drops(
        &mut self,
        raw: &RawConfig,
        attached: &[Attach],
        policy: &Policy,
        flags: &Overrides,
    ) {
        for attach in attached.iter().filter(|attach| attach.deployment == Deployment::Tap) {
            if !attach.enforces(policy) {
                continue;
            }
            let name = attach.interface.as_str();
            let text = format!(
                "{name} is a tap, whose frames are copies: nothing can be dropped there; write profile = \"monitor\" \
                 in its [[attach]], or deployment = \"inline\" if frames pass on by it"
            );
            self.misplaced(raw, attach, flags, text);
        }
    }

    /// A probe is for what is behind a member's port. On a mirror it goes nowhere, and into the fabric to everybody.
    fn refuse_stray_probes(&mut self, raw: &RawConfig, attached: &[Attach], flags: &Overrides) {
        for attach in attached.iter().filter(|attach| attach.loop_probe.is_some()) {
            let name = attach.interface.as_str();
            let reason = match attach.deployment {
                Deployment::Inline => continue,
                Deployment::Tap => "is a tap, where nothing is sent",
                Deployment::Port => "is a peering port, where a probe would reach every member",
            };
            let text = format!("{name} {reason}: loop_probe goes with deployment = \"inline\"; leave it out");
            self.misplaced(raw, attach, flags, text);
        }
    }

    /// An error about how an interface is deployed, at the flag that says so or else where it is written.
    fn misplaced(&mut self, raw: &RawConfig, attach: &Attach, flags: &Overrides, text: String) {
        let mut written = raw.attach.iter().filter_map(|raw| raw.interface.as_ref());
        match written.find(|written| written.get_ref() == attach.interface.as_str()) {
            _ if flags.deployment == Some(attach.deployment) => self.flag_error("--deployment", text),
            Some(written) => self.reader.error(&written.span(), text),
            None => self.flag_error("--interface", text),
        }
    }

    pub(super) fn path(&mut self, key: &str, raw: Option<&Spanned<String>>) -> Option<PathBuf> {
        let text = self.reader.checked(raw, |text| key::not_empty(key, text))?;
        Some(self.directory.join(text))
    }

    fn counting(&mut self, raw: &RawCounting) -> Counting {
        let default = Counting::default();
        let pairs = |pairs: &i64| key::number("pairs", *pairs, 1..=key::MOST_PAIRS);
        let stations = |stations: &i64| key::number("stations", *stations, 1..=key::MOST_STATIONS);
        Counting {
            pairs: self.reader.checked(raw.pairs.as_ref(), pairs).unwrap_or(default.pairs),
            stations: self.reader.checked(raw.stations.as_ref(), stations).unwrap_or(default.stations),
        }
    }

    fn window(&mut self, raw: &RawWindow) -> Window {
        let default = Window::default();
        let records = |records: &i64| key::number("records", *records, 1..=key::MOST_RECORDS);
        let window = Window {
            step: self
                .reader
                .checked(raw.step.as_ref(), |text| key::duration("step", text))
                .unwrap_or(default.step),
            keep: self
                .reader
                .checked(raw.keep.as_ref(), |text| key::duration("keep", text))
                .unwrap_or(default.keep),
            records: self.reader.checked(raw.records.as_ref(), records).map_or(default.records, u64::from),
        };
        if window.keep.as_secs() % window.step.as_secs() != 0 {
            let text = format!(
                "keep = \"{:#}\" is no multiple of step = \"{:#}\"; a step is kept whole or not at all",
                window.keep, window.step
            );
            let written = raw.keep.as_ref().or(raw.step.as_ref());
            self.reader.error(&written.map_or(0..0, Spanned::span), text);
        }
        window
    }

    fn http(&mut self, raw: &RawHttp, flag: Option<SocketAddr>) -> Http {
        let token_file = self.path("token_file", raw.token_file.as_ref());
        let written = self.reader.checked(raw.listen.as_ref(), |text| key::listen(text));
        let listen = flag.or(written).unwrap_or(Http::default().listen);
        if raw.token_file.is_none() && !listen.ip().is_loopback() {
            let text = format!(
                "nothing but loopback is served without a token: {listen} is open to others; \
                 set token_file in [http], or listen on 127.0.0.1:{}",
                listen.port()
            );
            match (flag, &raw.listen) {
                (None, Some(written)) => self.reader.error(&written.span(), text),
                _ => self.flag_error("--listen", text),
            }
        }
        Http { listen, token_file }
    }
}
