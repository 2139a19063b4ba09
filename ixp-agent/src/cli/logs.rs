//! Where log lines go, and how many.

use std::env;
use std::io::{self, IsTerminal as _};

use clap::{ArgAction, Args, ValueEnum};
use tracing_subscriber::EnvFilter;

/// How the agent logs, on standard error.
#[derive(Debug, Args)]
pub struct Logs {
    /// How log lines look
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    log_format: LogFormat,
    /// Log more: debug, then trace
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
    /// Log warnings only, then errors only
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "verbose")]
    quiet: u8,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

impl Logs {
    /// Starts logging. `RUST_LOG` goes before the flags.
    pub fn start(&self) {
        let level = match i16::from(self.verbose) - i16::from(self.quiet) {
            ..=-2 => "error",
            -1 => "warn",
            0 => "info",
            1 => "debug",
            2.. => "trace",
        };
        // How aya loads an object is of use to its developers alone.
        let usual = || EnvFilter::new(format!("{level},aya=warn,aya_obj=warn"));
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| usual());
        let is_plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let builder =
            tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
        match self.log_format {
            LogFormat::Text => builder.with_ansi(!is_plain && io::stderr().is_terminal()).init(),
            LogFormat::Json => builder.json().flatten_event(true).init(),
        }
    }
}
