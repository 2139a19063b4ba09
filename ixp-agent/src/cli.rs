//! Words of the command line in, a command run and an exit code out.

use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};
use ixp_common::policy::Deployment;

use crate::client;
use crate::client::events::EventsArgs;
use crate::client::history::{SeriesArgs, StatsArgs, TopArgs};
use crate::client::learned::LearnedArgs;
use crate::client::matrix::MatrixArgs;
use crate::client::report::ReportArgs;
use crate::config::load::Origin;
use crate::config::{self, DeploymentName, Overrides, XdpMode};
use crate::matrix::{By, Format};
use crate::members::{self, Registry, VlanTags};
use crate::notice::Checked;
use crate::policy::Policy;
use crate::replay::{self, Outcome, ReplayArgs};
use crate::{doctor, run};

mod check;
mod error;
mod logs;

use self::error::{BAD_USAGE, FAILURE, HOST_LACKS};

pub use error::Error;
pub use logs::Logs;

const EXAMPLES: &str = "Examples:
  ixp-agent run --interface eth1 --members members.toml
  ixp-agent replay --members ixf.json --by asn capture.pcap
  ixp-agent members check members.toml
  ixp-agent matrix --by asn --from -5m
  ixp-agent stats --from -30d
  ixp-agent events --follow --member 64500
  ixp-agent doctor

Exit codes: 0 success, 1 failure while working, 2 bad usage or configuration,
77 the host lacks what is needed.";

/// Counts every frame of a peering LAN, and says who sent how much to whom.
#[derive(Debug, Parser)]
#[command(name = "ixp-agent", version, after_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    logs: Logs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Count on live interfaces and serve the matrix, in the foreground
    Run(RunArgs),
    /// Count the frames of captures, with the same parser and matrix
    Replay(ReplayArgs),
    /// Who sent how much to whom
    Matrix(MatrixArgs),
    /// What a member sent and received, step by step
    Series(SeriesArgs),
    /// Averages, percentiles, peaks, growth and how full ports are
    Stats(StatsArgs),
    /// Who exchanges most, and which pairs do
    TopTalkers(TopArgs),
    /// What the running agent tells of broken rules
    Events(EventsArgs),
    /// What is done about the rules
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Look at members files
    #[command(subcommand)]
    Members(MembersCommand),
    /// Look at configuration files
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Say what this host can do, and what to change
    Doctor(DoctorArgs),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(hide = true)]
    Man,
}

/// Flags of `run`; they go before what the file says.
#[derive(Debug, Args)]
struct RunArgs {
    /// The configuration [default: /etc/ixp-agent/config.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Count on this interface; may be given again
    #[arg(long, value_name = "IF")]
    interface: Vec<String>,
    /// Members as TOML, or an IX-F Member Export
    #[arg(long, value_name = "FILE")]
    members: Option<PathBuf>,
    /// Where the API is served [default: 127.0.0.1:9179]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// How every interface stands to the fabric [default: tap]
    #[arg(long)]
    deployment: Option<DeploymentName>,
    /// Which XDP modes may be tried [default: auto]
    #[arg(long)]
    xdp: Option<XdpMode>,
}

#[derive(Debug, Args)]
struct DoctorArgs {
    /// The configuration [default: /etc/ixp-agent/config.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Look at this interface; may be given again
    #[arg(long, value_name = "IF")]
    interface: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum MembersCommand {
    /// Validate a members file or an IX-F export
    Check {
        /// The file
        file: PathBuf,
    },
    /// Write entries for the stations that the running agent has seen
    Learned(LearnedArgs),
    /// Write the MACs of members as tcpdump, Wireshark, pmacct and others read them
    Export {
        /// Who is to read it
        #[arg(long, value_enum)]
        format: members::export::Format,
        /// The members file or IX-F export
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Report what the running agent counted and dropped: evidence for MANRS IXP action 3
    Report(ReportArgs),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Validate a configuration file
    Check {
        /// The file
        file: PathBuf,
    },
    /// Print the JSON schema of the configuration file
    Schema,
    /// Print the effective configuration, with every default
    Show {
        /// The same as --config
        #[arg(conflicts_with = "config")]
        file: Option<PathBuf>,
        /// The configuration [default: /etc/ixp-agent/config.toml, if it is there]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// Runs a command.
///
/// # Errors
/// [`Error`].
pub fn run(cli: Cli) -> Result<ExitCode, Error> {
    match cli.command {
        Command::Run(args) => {
            cli.logs.start();
            let file = config_file(args.config.as_deref()).map(Path::to_owned);
            let origin = Origin { file, flags: overrides(&args) };
            run::run(&origin.load()?, &origin)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Replay(args) => replayed(&args),
        Command::Members(MembersCommand::Check { file }) => {
            let label = file.display().to_string();
            checked(&members::check::check(&label, &read(&file)?, &VlanTags::new(), run::now()))
        }
        Command::Members(MembersCommand::Export { format, file }) => {
            let registry = loaded(&file)?;
            print(&members::export::export(&registry, format, run::now()))
        }
        Command::Members(MembersCommand::Learned(args)) => asked(|out| client::learned::run(&args, out)),
        Command::Matrix(args) => {
            suits(args.format, args.by())?;
            cli.logs.start();
            asked(|out| client::matrix::run(&args, run::now, out))
        }
        Command::Series(args) => {
            cli.logs.start();
            asked(|out| client::history::series(&args, run::now, out))
        }
        Command::Stats(args) => {
            cli.logs.start();
            asked(|out| client::history::stats(&args, run::now, out))
        }
        Command::TopTalkers(args) => {
            cli.logs.start();
            asked(|out| client::history::top(&args, run::now, out))
        }
        Command::Events(args) => asked(|out| client::events::run(&args, out)),
        Command::Policy(PolicyCommand::Report(args)) => asked(|out| client::report::run(&args, out)),
        Command::Config(ConfigCommand::Check { file }) => {
            checked(&check::config(&file, &read(&file)?, run::now()))
        }
        Command::Config(ConfigCommand::Schema) => print(&config::schema::schema()),
        Command::Config(ConfigCommand::Show { file, config }) => {
            let named = config.or(file);
            let config = config::load::load(config_file(named.as_deref()), Overrides::default())?;
            print(&config::show::show(&config))
        }
        Command::Doctor(args) => {
            let overrides = Overrides { interfaces: args.interface.clone(), ..Overrides::default() };
            let config = config::load::load(config_file(args.config.as_deref()), overrides)?;
            let report = doctor::examine(&config);
            print(&report.to_string())?;
            Ok(if report.is_missing_something() { ExitCode::from(HOST_LACKS) } else { ExitCode::SUCCESS })
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "ixp-agent", &mut script);
            written(&script)
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            written(&page)
        }
    }
}

/// Says what went wrong, and why, on standard error.
#[must_use]
pub fn report(error: &Error) -> ExitCode {
    let mut text = format!("error: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text += &format!(": {cause_text}");
        }
        source = cause.source();
    }
    // Nobody is left to tell if this cannot be written.
    let _unwritten = writeln!(io::stderr(), "{}", text.trim_end());
    ExitCode::from(error.exit_code())
}

/// The file that was named, or the usual one if it is there.
fn config_file(named: Option<&Path>) -> Option<&Path> {
    let usual = Path::new(config::DEFAULT_PATH);
    named.or_else(|| usual.exists().then_some(usual))
}

fn overrides(args: &RunArgs) -> Overrides {
    Overrides {
        interfaces: args.interface.clone(),
        members: args.members.clone(),
        listen: args.listen,
        deployment: args.deployment.map(Deployment::from),
        xdp: args.xdp,
    }
}

fn replayed(args: &ReplayArgs) -> Result<ExitCode, Error> {
    suits(args.format, args.by)?;
    let registry = args.members.as_deref().map_or_else(|| Ok(Registry::default()), loaded)?;
    let policy = match &args.policy {
        None => Policy::default(),
        Some(file) => config::policy::read(file, &read(file)?)?,
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let outcome =
        replay::run(args, &registry, &policy, &mut io::stdin().lock(), &mut out, &mut io::stderr())?;
    out.flush()?;
    Ok(match outcome {
        Outcome::Complete => ExitCode::SUCCESS,
        Outcome::Incomplete => ExitCode::from(FAILURE),
    })
}

/// Whether a format is one of such a matrix, and of where it goes.
fn suits(format: Format, by: By) -> Result<(), Error> {
    match (format, by) {
        (Format::Dense, by) if !by.is_square() => Err(Error::Dense(by)),
        (Format::Parquet, _) if io::stdout().is_terminal() => Err(Error::Terminal),
        _ => Ok(()),
    }
}

/// The members of a file; what of it could not be used goes to standard error.
fn loaded(file: &Path) -> Result<Registry, Error> {
    let (registry, notices) = members::load::load(file, &VlanTags::new())?;
    for notice in notices {
        writeln!(io::stderr(), "{notice}")?;
    }
    Ok(registry)
}

/// Writes what a running agent answers. A reader that goes away has had what it wanted.
fn asked(
    run: impl FnOnce(&mut io::StdoutLock<'static>) -> Result<(), client::Error>,
) -> Result<ExitCode, Error> {
    match run(&mut io::stdout().lock()) {
        Err(client::Error::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Err(error.into()),
        Ok(()) => Ok(ExitCode::SUCCESS),
    }
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

fn checked(checked: &Checked) -> Result<ExitCode, Error> {
    print(&checked.text)?;
    Ok(if checked.usable { ExitCode::SUCCESS } else { ExitCode::from(BAD_USAGE) })
}

fn print(text: &str) -> Result<ExitCode, Error> {
    written(text.as_bytes())
}

/// A reader that goes away, as `head` does, has had what it wanted.
fn written(bytes: &[u8]) -> Result<ExitCode, Error> {
    match io::stdout().write_all(bytes) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(ExitCode::SUCCESS),
    }
}
