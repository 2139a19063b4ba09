//! A configuration in, the running agent: what wires the rooms together, and the only one that
//! reads the clock.

mod clock;
mod drain;
mod export;
mod hearing;
mod history;
mod intake;
mod limit;
mod listen;
mod probes;
mod reload;
mod rrd;
mod serve;
mod settings;
mod site;
mod tell;
mod vlis;
mod watch;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};

use arc_swap::ArcSwap;
use ixp_common::addr::Mac;
use jiff::Timestamp;
use tokio::sync::broadcast;
use tracing::warn;

use crate::config::load::Origin;
use crate::config::{Attach, Config, HiddenTags, XdpMode};
use crate::events::News;
use crate::intake::Room;
use crate::kernel;
use crate::kernel::attach::{self, Mode, Wanted};
use crate::kernel::interface::Interface;
use crate::kernel::load::{Capacity, Object, load};
use crate::live::{Live, Roster, Sampled};
use crate::matrix::Window;
use crate::members::MembersError;
use crate::policy::{self, Ports};
use crate::rrd::BadVlis;
use crate::snapshot::{Delta, Measure};
use crate::stations::Inventory;
use crate::store::{self, Shelf};

use self::drain::{Drain, Order};
use self::export::Export;
use self::history::Outlet;
use self::intake::Intake;
use self::probes::Probes;
use self::settings::Settings;
use self::site::Site;
use self::tell::Outlets;
use self::watch::Watch;

/// Why the agent does not run, or ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing to count on, and nobody to hear.
    #[error(
        "no interface to count on; name one, as `ixp-agent run --interface eth0`, or write [[attach]] in the configuration, \
         or [sflow.listen] to receive samples of switches"
    )]
    NoInterface,
    /// The kernel's side.
    #[error(transparent)]
    Kernel(#[from] kernel::Error),
    /// The members at the start.
    #[error(transparent)]
    Members(#[from] MembersError),
    /// The policy and the members, together.
    #[error("apply [policy] to the members: {0}")]
    Policy(#[from] policy::Error),
    /// The API's address.
    #[error("listen on {address}: {source}; give another with --listen, or end the program that has it")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The address for samples of switches.
    #[error(
        "receive samples at {address}: {source}; write another address in [sflow.listen], or end the program that has it"
    )]
    Receive {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// A socket that the service manager passed.
    #[error(
        "nothing but loopback is served without a token: the socket passed in listens on {address}; set token_file in [http]"
    )]
    Open {
        /// Its address.
        address: SocketAddr,
    },
    /// The API's token.
    #[error("read the token in {path}: {reason}")]
    Token {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Where events are posted to.
    #[error("read the webhook's address in {path}: {reason}")]
    Webhook {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The table of VLAN interfaces at the start.
    #[error("read {path}: {source}")]
    Vlis {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: BadVlis,
    },
    /// Nothing to be known by.
    #[error(
        "no way to any sFlow collector yet, so the agent has no address to be known by: write one as agent in [sflow]"
    )]
    Agent,
    /// A thread or the runtime.
    #[error("start {what}")]
    Start {
        /// Which.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The store of the past.
    #[error("open [store]: {0}")]
    Store(#[from] store::Error),
    /// Who writes the store is gone.
    #[error("the writer of the store ended unexpectedly")]
    StoreEnded,
    /// The reader of the counters is gone, or that of samples.
    #[error("the reader of the counters, or of samples, ended unexpectedly")]
    DrainEnded,
}

/// The time, for commands that go by it.
#[must_use]
pub fn now() -> Timestamp {
    clock::now()
}

/// News that a slow reader of the stream can be behind by.
const NEWS: usize = 1024;

/// What the API answers from.
struct State {
    live: Arc<Mutex<Live>>,
    roster: Arc<ArcSwap<Roster>>,
    stream: broadcast::Sender<News>,
    shelf: Option<Shelf>,
}

/// Runs until SIGTERM or SIGINT, with the configuration that was read of `origin`. Nothing is attached before
/// the configuration, the members, the port and the program have all proved usable.
///
/// # Errors
/// [`Error`].
pub fn run(config: &Config, origin: &Origin) -> Result<(), Error> {
    if config.attach.is_empty() && config.sflow.listen.is_none() {
        return Err(Error::NoInterface);
    }
    let counting = Counting::find(config)?;
    let token = config.http.token_file.as_deref().map(listen::token).transpose()?;
    // Looked at before the file is read: a change while the agent starts is a change.
    let stamp = reload::stamp(&config.members);
    let roster = Arc::new(ArcSwap::from_pointee(reload::first(&config.members)?));
    let listener = listen::listener(config.http.listen, token.is_some())?;
    let capacity = Capacity { pairs: config.counting.pairs, stations: config.counting.stations };
    let room = Room { members: capacity.pairs as usize, strangers: capacity.stranger_pairs() as usize };
    let open = |listen| Intake::open(listen, &config.policy, &roster.load(), room);
    let intake = config.sflow.listen.as_ref().map(open).transpose()?;
    let live = Arc::new(Mutex::new(new_live(config, capacity, room)));
    let (stream, _) = broadcast::channel(NEWS);
    let (outlet, shelf, writing) = match history::start(&config.store, &live, &roster)? {
        Some((outlet, shelf, writing)) => (Some(outlet), Some(shelf), Some(writing)),
        None => (None, None, None),
    };
    let telling = rrd::start(config, shelf.as_ref(), &live)?;
    let state = State { live, roster, stream, shelf };
    let drain =
        counting.map(|counting| counting.start(config, capacity, &state, outlet.clone())).transpose()?;
    let start =
        |intake: Intake| intake.start(Arc::clone(&state.live), Arc::clone(&state.roster), outlet.clone());
    let heard = intake.map(start).transpose()?;
    drop(outlet);
    let threads = [drain.as_ref().map(|drain| &drain.reader), heard.as_ref().map(|heard| &heard.reader)];
    let threads: Vec<&JoinHandle<()>> = threads.into_iter().flatten().collect();
    let orders = drain.as_ref().map(|drain| drain.orders.clone());
    let settings = Settings { started: config, origin, orders };
    let served = serve::until_signal(listener, token, state, (&config.members, stamp, &settings), &threads);
    drop(settings);
    if let Some(heard) = heard {
        heard.stop()?;
    }
    if let Some(drain) = drain {
        drain.stop()?;
    }
    if let Some(telling) = telling {
        telling.stop();
    }
    // Both have handed over their last.
    if let Some(writing) = writing {
        writing.stop()?;
    }
    served
}

/// What is to be counted on, and was found.
struct Counting {
    wanted: Vec<Wanted>,
    ports: Ports,
    probing: Option<Mac>,
}

/// The reader of the counters.
struct Reading {
    /// Ends only when it is told to.
    reader: JoinHandle<()>,
    /// Where its orders go; when nobody can give any, it ends.
    orders: mpsc::Sender<Order>,
}

impl Counting {
    /// Looks for the interfaces; `None` if there are to be none.
    fn find(config: &Config) -> Result<Option<Self>, Error> {
        if config.attach.is_empty() {
            if !config.sflow.collectors.is_empty() {
                warn!("no interface is attached, so there is nothing to tell collectors");
            }
            return Ok(None);
        }
        let ports = ports(config)?;
        let wanted: Vec<Wanted> = wanted(config, &ports);
        let probing = probing(config, &attach::find(&wanted)?);
        Ok(Some(Self { wanted, ports: ports.probed_from(probing), probing }))
    }

    /// Loads and attaches the program, and reads what it counts from then on.
    fn start(
        self,
        config: &Config,
        capacity: Capacity,
        state: &State,
        history: Option<Outlet>,
    ) -> Result<Reading, Error> {
        let Self { wanted, ports, probing } = self;
        let State { live, roster, stream, shelf: _ } = state;
        let mut loaded = load(&Object::find()?, capacity)?;
        let losses = Arc::clone(&known(live).losses);
        let webhook = tell::webhook(config.policy.webhook.as_ref(), &losses)?;
        // No frame is seen before the rules are there.
        let site = Site::first(config, ports, &mut loaded, &roster.load(), live)?;
        let probes = Probes::new(config, probing)?;
        let (export, sflow) = Export::new(config)?.unzip();
        let attached = attach::attach(&mut loaded, &wanted)?;
        let watch = Watch::new(wanted, attached);
        let mut live_state = known(live);
        (live_state.ports, live_state.sflow) = (watch.states(config), sflow);
        drop(live_state);
        let outlets = Outlets { stream: stream.clone(), webhook, history };
        let drain =
            Drain::new(loaded, watch, (site, probes, export), Arc::clone(live), Arc::clone(roster), outlets);
        let (orders, ordered) = mpsc::channel();
        let reader = thread::Builder::new()
            .name("drain".to_owned())
            .spawn(move || drain.run(&ordered))
            .map_err(|source| Error::Start { what: "the reader of the counters", source })?;
        Ok(Reading { reader, orders })
    }
}

impl Reading {
    /// Takes the program off, and reads the rest.
    fn stop(self) -> Result<(), Error> {
        drop(self.orders);
        self.reader.join().map_err(|_| Error::DrainEnded)
    }
}

fn known(live: &Mutex<Live>) -> MutexGuard<'_, Live> {
    live.lock().unwrap_or_else(PoisonError::into_inner)
}

fn new_live(config: &Config, capacity: Capacity, room: Room) -> Live {
    let since = clock::now();
    let mut window = new_window(config);
    // Without an interface nothing is counted, which is not the same as no traffic.
    if !config.attach.is_empty() {
        window.absorb(since, &Delta::default());
    }
    let mut live = Live::new(since, window, Inventory::new(config.counting.stations as usize));
    (live.pair_table.1, live.stranger_pairs.1) = (capacity.pairs, capacity.stranger_pairs());
    let keeps = config.store.folder.is_some();
    if keeps {
        live.window.hand_over();
    }
    let listen = config.sflow.listen.as_ref();
    live.sampled = listen.map(|listen| Sampled::new(listen.address, new_window(config), room));
    if let (true, Some(sampled)) = (keeps, &mut live.sampled) {
        sampled.window.hand_over();
    }
    live
}

fn new_window<M: Measure>(config: &Config) -> Window<M> {
    let records = usize::try_from(config.window.records).unwrap_or(usize::MAX);
    Window::new(config.window.step, config.window.keep, records)
}

/// The address that loop probes are sent from: that of the first interface that has them, for all.
fn probing(config: &Config, found: &[Interface]) -> Option<Mac> {
    let mut probed = config.attach.iter().zip(found).filter(|(attach, _)| attach.loop_probe.is_some());
    probed.next().map(|(_, interface)| interface.mac)
}

fn ports(config: &Config) -> Result<Ports, policy::Error> {
    Ports::new(config.attach.iter().map(|attach| (attach.deployment, attach.port.as_deref())))
}

fn wanted(config: &Config, ports: &Ports) -> Vec<Wanted> {
    let numbers = (0..).map(|at| ports.facing(at));
    config.attach.iter().zip(numbers).map(|(attach, port)| wanted_one(config, attach, port)).collect()
}

fn wanted_one(config: &Config, attach: &Attach, port: u16) -> Wanted {
    Wanted {
        interface: attach.interface.as_str().to_owned(),
        deployment: attach.deployment,
        mode: match attach.xdp {
            XdpMode::Auto => Mode::Auto,
            XdpMode::Native => Mode::Native,
            XdpMode::Generic => Mode::Generic,
        },
        consume: attach.consume,
        accepts_hidden_tags: attach.hidden_tags == HiddenTags::Accept,
        sampling_rate: attach.sampling_rate(&config.sampling),
        port,
        enforces: attach.enforces(&config.policy),
    }
}
