//! One lab from its first namespace to its verdict: the wiring, and the only room that waits.

use std::io::{IsTerminal, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::agent;
use crate::agents::{Agents, RATE, Site};
use crate::cpu::Split;
use crate::exchange::{Exchange, Mode, Policy};
use crate::lock::Lock;
use crate::matrix::Matrix;
use crate::netns::Namespace;
use crate::plan;
use crate::sins::{Deed, Sin, Sinners, Witnesses, catalogue};
use crate::station::{MOST_MEMBERS, members_file};
use crate::truth::Truth;
use crate::verdict::{self, Evidence};
use crate::{clock, interrupt, terminal, view};

/// What a lab is to be.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What its namespaces begin with; at most one lab of a prefix runs at a time.
    pub prefix: String,
    /// How many members, 2..=[`MOST_MEMBERS`].
    pub members: u8,
    /// Whether sinners are among them, who send what they must not.
    pub misbehave: bool,
    /// How long the members speak; without it until Ctrl-C.
    pub duration: Option<Duration>,
    /// Where the agent counts.
    pub mode: Mode,
    /// What the agent does about a frame that breaks a rule.
    pub policy: Policy,
    /// Which traffic plan.
    pub seed: u64,
    /// Where the agent serves, in the caller's namespace.
    pub listen: SocketAddr,
    /// The `ixp-agent` to run.
    pub agent: PathBuf,
    /// Where it keeps what it counts, if anywhere: an absolute path. What is there stays.
    pub store: Option<PathBuf>,
    /// A command that calls [`crate::member::run`].
    pub member: Vec<PathBuf>,
    /// Whether progress is written to standard output.
    pub progress: bool,
}

/// Runs a lab and removes it; what it measured.
///
/// # Errors
/// It could not be built, or something in it failed.
pub fn run(settings: &Settings) -> Result<Evidence> {
    let (fewest, most) = (2, MOST_MEMBERS);
    ensure!(
        settings.mode == Mode::Inline || settings.policy == Policy::Monitor,
        "enforce drops frames, and a tap's frames are copies: use --mode inline with it, or --policy monitor"
    );
    ensure!((fewest..=most).contains(&settings.members), "a lab has {fewest} to {most} members");
    let lock = Lock::take(&settings.prefix)?;
    interrupt::listen()?;
    let listener =
        TcpListener::bind(settings.listen).with_context(|| format!("listen on {}", settings.listen))?;
    let split = Split::of_this_host()?;
    split.watch_from_here()?;
    let leftovers = Exchange::remove_leftovers(&settings.prefix)?;
    if !leftovers.is_empty() {
        println!("lab: removed what a killed lab left: {}", leftovers.join(" "));
    }
    let sins = if settings.misbehave { catalogue(settings.members, settings.mode) } else { Vec::new() };
    let sinners = u8::try_from(sins.len())?;
    let exchange = Exchange::build(&settings.prefix, settings.members, sinners, settings.mode)?;
    let witnesses = exchange.witnesses()?;
    let truth = Truth::collect(exchange.watchers()?);
    let arrived = Truth::collect(exchange.receivers()?);
    let agents = Agents::start(&Site {
        program: &settings.agent,
        namespace: exchange.agent_namespace(),
        interfaces: &exchange.agent_interfaces(),
        mode: settings.mode,
        policy: settings.policy,
        members: &members_file(settings.members + sinners),
        folder: lock.folder(),
        store: settings.store.as_deref(),
        listener: &listener,
    })?;
    let speaking = Members::start(settings, &exchange, split)?;
    let sinning = Sinners::start(sins.iter().cloned().zip(exchange.answering()?).collect(), split);
    let lasted = watch(settings, &agents)?;
    let sent = sinning.finish()?;
    exchange.silence()?;
    settle(&truth)?;
    drop(speaking);
    let deeds = deeds(sins, &sent, &exchange, &witnesses)?;
    let measured = Measured { truth, arrived, deeds, lasted };
    conclude(settings, &exchange, measured, agents)
}

fn deeds(sins: Vec<Sin>, sent: &[u32], exchange: &Exchange, witnesses: &Witnesses) -> Result<Vec<Deed>> {
    let (links, received) = (exchange.sinner_counters()?, witnesses.asked(&sins)?);
    let rows = sins.into_iter().zip(sent).zip(links).zip(received);
    let deed = |(((sin, &sent), (_, link)), received)| Deed { sin, sent: u64::from(sent), link, received };
    Ok(rows.map(deed).collect())
}

/// What is known of a run beside what its agent says.
struct Measured {
    truth: Truth,
    arrived: Truth,
    deeds: Vec<Deed>,
    lasted: Duration,
}

/// The members' processes, ended when dropped.
struct Members(Vec<(Child, ChildStdin)>);

impl Members {
    fn start(settings: &Settings, exchange: &Exchange, split: Split) -> Result<Self> {
        let flows = plan::flows(settings.members, settings.seed);
        let mut members = Self(Vec::new());
        for (station, namespace) in exchange.members() {
            let errand = plan::errand(&flows, station.number);
            let mut child = spawn(settings, namespace, split)
                .with_context(|| format!("start member {}", station.number))?;
            let mut input = child.stdin.take().expect("piped");
            let handed = writeln!(input, "{}", serde_json::to_string(&errand)?);
            members.0.push((child, input));
            handed.with_context(|| format!("hand member {} its plan", station.number))?;
        }
        exchange.open()?;
        for (_, input) in &mut members.0 {
            writeln!(input).context("let a member start")?;
        }
        Ok(members)
    }
}

impl Drop for Members {
    fn drop(&mut self) {
        for (child, _) in &mut self.0 {
            agent::end(child);
        }
    }
}

fn spawn(settings: &Settings, namespace: &Namespace, split: Split) -> Result<Child> {
    let (program, arguments) = settings.member.split_first().context("no command for members")?;
    let mut command: Command = namespace.command(&program.to_string_lossy());
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null());
    // SAFETY: the closure makes one system call and allocates nothing.
    unsafe { command.pre_exec(move || split.join_fabric()) };
    Ok(agent::spawn_bound(&mut command)?)
}

/// Shows the matrix until the time is over or the run is asked to end; how long that was.
fn watch(settings: &Settings, agents: &Agents) -> Result<Duration> {
    const SCREEN: Duration = Duration::from_secs(1);
    const LOG: Duration = Duration::from_secs(10);
    let terminal = std::io::stdout().is_terminal();
    let interval = if terminal { SCREEN } else { LOG };
    let title = format!("{}, {}, {} members", settings.mode.name(), settings.policy.name(), settings.members);
    let (url, sampled) = (agents.fabric.url(), agents.collector.url());
    if settings.progress {
        println!("{}lab: {title}; the agent serves {url}", if terminal { "\x1b[2J\x1b[H" } else { "" });
        println!("     a second one has nothing but its samples, 1 in {RATE}: {sampled}");
    }
    let start = clock::now();
    let (mut before, mut shown) = (Matrix::default(), start);
    loop {
        let over = settings.duration.is_some_and(|duration| start.elapsed() >= duration);
        if over || interrupt::asked() {
            return Ok(start.elapsed());
        }
        if settings.progress && shown.elapsed() >= interval {
            let frame = view::Frame {
                title: &title,
                url: &url,
                sampled: &sampled,
                elapsed: start.elapsed(),
                interval: shown.elapsed(),
                rows: terminal::rows().unwrap_or(view::USUAL_ROWS),
                styled: std::env::var_os("NO_COLOR").is_none(),
            };
            shown = clock::now();
            let after = agents.counted()?;
            if terminal {
                print!("{}", view::screen(&frame, &before, &after));
                std::io::stdout().flush()?;
            } else {
                println!("{}", view::line(&frame, &before, &after));
            }
            before = after;
        }
        clock::pause(Duration::from_millis(50));
    }
}

/// Takes the last numbers of an exchange on which nobody speaks any more.
fn conclude(
    settings: &Settings,
    exchange: &Exchange,
    measured: Measured,
    agents: Agents,
) -> Result<Evidence> {
    /// The agent looks at some things every few seconds only.
    const PATIENCE: Duration = Duration::from_secs(15);
    let Measured { truth, arrived, deeds, lasted } = measured;
    let mut evidence = Evidence {
        sent: truth.finish()?,
        received: arrived.finish()?,
        members: exchange.member_counters()?,
        deeds,
        at_agent: exchange.frames_at_agent()?,
        matrix: agents.fabric.matrix()?,
        news: agents.fabric.news()?,
        sampled: agents.sampled()?,
        mode: settings.mode,
        policy: settings.policy,
        lasted,
    };
    clock::until(PATIENCE, || {
        let is_told = verdict::failures(&evidence).is_empty();
        if !is_told {
            (evidence.matrix, evidence.news) = (agents.fabric.matrix()?, agents.fabric.news()?);
            evidence.sampled = agents.sampled()?;
        }
        Ok(is_told)
    })?;
    agents.stop()?;
    Ok(evidence)
}

/// Waits until nothing has left a member for a while.
fn settle(truth: &Truth) -> Result<()> {
    const STILL: u32 = 10;
    let (mut last, mut same) = (truth.total(), 0);
    let settled = clock::until(Duration::from_secs(5), || {
        let total = truth.total();
        same = if total == last { same + 1 } else { 0 };
        last = total;
        Ok(same >= STILL)
    })?;
    ensure!(settled, "members still send 5 s after they were silenced");
    Ok(())
}
