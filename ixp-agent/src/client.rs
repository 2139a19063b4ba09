//! Questions to a running agent in, its answers for people out.

pub mod events;
pub mod history;
pub mod learned;
pub mod matrix;
mod place;
mod progress;
pub mod report;
mod text;

use std::fs;
use std::io::{self, BufRead, BufReader, Read as _, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use self::progress::Progress;
use crate::store;

pub use self::place::Place;

/// How long an answer may take, or a stream be silent.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// The largest answer that is read.
const LARGEST: u64 = 256 << 20;

/// Which agent is asked.
#[derive(Debug, Clone, Args)]
pub struct Server {
    /// The agent's address
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9179", value_parser = url)]
    url: String,
    /// A file with the agent's token in its first line
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// How answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// As the agent answers
    Json,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody there.
    #[error("reach the agent at {url}: {reason}; see that `ixp-agent run` runs there, or give its --url")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        reason: String,
    },
    /// The agent does not let this reader in.
    #[error("the agent at {url} asks for a token; name the file that has it with --token-file")]
    Unauthorized {
        /// Where.
        url: String,
    },
    /// The agent refuses.
    #[error("the agent at {url} answers {status}: {detail}")]
    Refused {
        /// Where.
        url: String,
        /// The code.
        status: u16,
        /// What it says.
        detail: String,
    },
    /// Not what an agent answers.
    #[error("{url} does not answer as an agent of this version does: {reason}")]
    Strange {
        /// Where.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The stream is over.
    #[error("the stream of {url} ended; the agent has stopped, or cannot be reached any more")]
    Ended {
        /// Where.
        url: String,
    },
    /// The answer ends before its end.
    #[error(
        "the answer of {url} ends before its end: {reason}; its journal may say why. What was written is a part alone"
    )]
    CutOff {
        /// Where.
        url: String,
        /// Why.
        reason: String,
    },
    /// The folder that is read is no history, or cannot be read.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The history in a folder does not answer.
    #[error("the history in {folder}: {reason}")]
    History {
        /// Where it is.
        folder: PathBuf,
        /// Whether another question would be answered.
        is_refused: bool,
        /// Why not.
        reason: String,
    },
    /// The token.
    #[error("read the token in {path}: {source}")]
    Token {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Standard output.
    #[error("write the answer")]
    Write(#[from] io::Error),
}

impl Error {
    /// Whether another command line would help.
    #[must_use]
    pub fn is_bad_usage(&self) -> bool {
        match self {
            Self::Unauthorized { .. } | Self::Token { .. } => true,
            Self::Refused { status, .. } => *status == StatusCode::BAD_REQUEST.as_u16(),
            Self::History { is_refused, .. } => *is_refused,
            Self::Store(error) => matches!(error, store::Error::NoHistory { .. }),
            Self::Unreachable { .. }
            | Self::Strange { .. }
            | Self::Ended { .. }
            | Self::CutOff { .. }
            | Self::Write(_) => false,
        }
    }
}

/// The detail of a problem (RFC 9457).
#[derive(Debug, Deserialize)]
struct Problem {
    detail: String,
}

/// One server-sent event.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// What it is.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl Server {
    /// What the agent answers to a path with a query.
    ///
    /// # Errors
    /// [`Error`].
    pub fn ask<T: DeserializeOwned>(&self, path: &str, query: &[(&str, Option<&str>)]) -> Result<T, Error> {
        let mut answer = self.get(path, query)?;
        let text = answer.body_mut().with_config().limit(LARGEST).read_to_string();
        let text = text.map_err(|error| self.unreachable(&error))?;
        serde_json::from_str(&text)
            .map_err(|error| Error::Strange { url: self.url.clone(), reason: error.to_string() })
    }

    /// Writes what the agent answers as it comes.
    ///
    /// # Errors
    /// [`Error`]; part of the answer may be written by then.
    pub fn copy(
        &self,
        path: &str,
        query: &[(&str, Option<&str>)],
        out: &mut impl Write,
    ) -> Result<(), Error> {
        let mut answer = self.get(path, query)?.into_body().into_reader();
        let (mut some, mut progress) = (vec![0; 1 << 16], Progress::new());
        loop {
            match answer.read(&mut some) {
                Ok(0) => {
                    progress.end();
                    return Ok(out.flush()?);
                }
                Ok(len) => {
                    out.write_all(&some[..len])?;
                    progress.more(&some[..len]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(Error::CutOff { url: self.url.clone(), reason: error.to_string() });
                }
            }
        }
    }

    /// Hands over what the agent sends, until it stops.
    ///
    /// # Errors
    /// [`Error`]: that of `each`, or [`Error::Ended`].
    pub fn follow(
        &self,
        path: &str,
        query: &[(&str, Option<&str>)],
        ready: impl FnOnce() -> Result<(), Error>,
        mut each: impl FnMut(Sent) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let answer = self.get(path, query)?;
        let mut lines = BufReader::new(answer.into_body().into_reader()).lines();
        ready()?;
        let mut sent = Sent::default();
        while let Some(Ok(line)) = lines.next() {
            if sent.take(&line) {
                each(std::mem::take(&mut sent))?;
            }
        }
        Err(Error::Ended { url: self.url.clone() })
    }

    fn get(&self, path: &str, query: &[(&str, Option<&str>)]) -> Result<Response<Body>, Error> {
        let agent: Agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE))
            .build()
            .into();
        let address = format!("{}{path}{}", self.url.trim_end_matches('/'), written(query));
        let mut request = agent.get(&address);
        if let Some(token) = self.token()? {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut answer = request.call().map_err(|error| self.unreachable(&error))?;
        match answer.status() {
            StatusCode::OK => Ok(answer),
            StatusCode::UNAUTHORIZED => Err(Error::Unauthorized { url: self.url.clone() }),
            status => {
                let problem: Option<Problem> = answer.body_mut().read_json().ok();
                let detail = problem.map_or_else(|| "no reason given".to_owned(), |problem| problem.detail);
                Err(Error::Refused { url: self.url.clone(), status: status.as_u16(), detail })
            }
        }
    }

    fn token(&self) -> Result<Option<String>, Error> {
        let Some(path) = &self.token_file else { return Ok(None) };
        let text = fs::read_to_string(path);
        let text = text.map_err(|source| Error::Token { path: path.clone(), source })?;
        Ok(Some(text.lines().next().unwrap_or_default().trim().to_owned()))
    }

    fn unreachable(&self, error: &ureq::Error) -> Error {
        Error::Unreachable { url: self.url.clone(), reason: error.to_string() }
    }
}

impl Sent {
    /// Takes a line; whether the event is complete with it.
    fn take(&mut self, line: &str) -> bool {
        if line.is_empty() {
            return !self.text.is_empty();
        }
        if let Some(name) = line.strip_prefix("event:") {
            name.trim_start().clone_into(&mut self.name);
        } else if let Some(text) = line.strip_prefix("data:") {
            self.text += text.trim_start();
        }
        false
    }
}

/// An address as people write it: host and port are enough.
#[expect(clippy::unnecessary_wraps, reason = "what a parser of flags gives")]
fn url(text: &str) -> Result<String, String> {
    Ok(if text.contains("://") { text.to_owned() } else { format!("http://{text}") })
}

/// A query as an address holds it (RFC 3986 §2).
fn written(query: &[(&str, Option<&str>)]) -> String {
    let mut text = String::new();
    for (name, value) in query {
        let Some(value) = value else { continue };
        text.push(if text.is_empty() { '?' } else { '&' });
        text += name;
        text.push('=');
        text += &escaped(value);
    }
    text
}

/// A text as an address holds it in a path or a query.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => {
                escaped.push(char::from(byte));
            }
            other => escaped += &format!("%{other:02X}"),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_written_so_that_it_is_read_as_it_was() {
        let query = [("rule", Some("N01")), ("member", None), ("since", Some("2026-11-22T10:00:00+02:00"))];
        assert_eq!(written(&query), "?rule=N01&since=2026-11-22T10:00:00%2B02:00");
        assert_eq!(written(&[("a", None)]), "");
    }

    #[test]
    fn an_address_needs_no_scheme() {
        let cases =
            [("127.0.0.1:9179", "http://127.0.0.1:9179"), ("https://ix.example", "https://ix.example")];
        for (text, expected) in cases {
            assert_eq!(url(text).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn a_sent_event_ends_with_an_empty_line_and_comments_are_none() {
        let mut sent = Sent::default();
        let lines = [":", "", "event: event", "id: 3", "data: {\"a\":1}"];
        assert!(lines.iter().all(|line| !sent.take(line)));
        assert!(sent.take(""));
        assert_eq!(sent, Sent { name: "event".to_owned(), text: "{\"a\":1}".to_owned() });
    }

    #[test]
    fn nobody_there_is_said_with_what_to_do() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        drop(listener);
        let server = Server { url: url.clone(), token_file: None };
        let error = server.ask::<serde_json::Value>("/", &[]).expect_err("nobody").to_string();
        assert!(error.starts_with(&format!("reach the agent at {url}: ")), "{error}");
        assert!(error.ends_with("or give its --url"), "{error}");
    }
}
