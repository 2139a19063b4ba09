//! Why a command failed in, its exit code out.

use std::io;
use std::path::PathBuf;

use crate::config::ConfigError;
use crate::matrix::By;
use crate::members::MembersError;
use crate::{client, replay, run};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The members.
    #[error(transparent)]
    Members(#[from] MembersError),
    /// The agent.
    #[error(transparent)]
    Run(#[from] run::Error),
    /// A capture.
    #[error(transparent)]
    Replay(#[from] replay::Error),
    /// The running agent that was asked.
    #[error(transparent)]
    Client(#[from] client::Error),
    /// A file to check.
    #[error("read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Standard output.
    #[error("write the answer")]
    Write(#[from] io::Error),
    /// Bytes for a terminal.
    #[error(
        "--format parquet is a file for programs, and standard output is a terminal; write `> matrix.parquet` behind it"
    )]
    Terminal,
    /// A square of what makes none.
    #[error(
        "--format dense is a square of sources and destinations, and --by {} has none; \
         write --by asn, --by interface, --by switch or --by facility",
        .0.name()
    )]
    Dense(By),
}

pub(super) const FAILURE: u8 = 1;
pub(super) const BAD_USAGE: u8 = 2;
pub(super) const HOST_LACKS: u8 = 77;

impl Error {
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Members(_) | Self::Read { .. } | Self::Terminal | Self::Dense(_) => {
                BAD_USAGE
            }
            Self::Run(
                run::Error::NoInterface
                | run::Error::Agent
                | run::Error::Members(_)
                | run::Error::Policy(_)
                | run::Error::Open { .. }
                | run::Error::Vlis { .. }
                | run::Error::Token { .. },
            ) => BAD_USAGE,
            Self::Replay(replay::Error::Policy(_)) => BAD_USAGE,
            Self::Run(run::Error::Kernel(error)) if error.is_host_lacking() => HOST_LACKS,
            Self::Run(run::Error::Kernel(error)) if error.is_bad_usage() => BAD_USAGE,
            Self::Client(error) if error.is_bad_usage() => BAD_USAGE,
            Self::Run(_) | Self::Replay(_) | Self::Client(_) | Self::Write(_) => FAILURE,
        }
    }
}
