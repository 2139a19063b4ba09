//! A path in, what the agent of the calling thread's namespace answers out.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// Where the agent serves unless it is told otherwise.
pub const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9179);

/// How long an answer may take.
const PATIENCE: Option<Duration> = Some(Duration::from_secs(5));

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its code.
    pub status: u16,
    /// Its media type.
    pub content_type: String,
    /// What follows the headers.
    pub body: String,
}

impl Answer {
    /// Its JSON.
    ///
    /// # Errors
    /// It is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("read as JSON: {}", self.body))
    }
}

/// Asks the agent.
///
/// # Errors
/// It does not answer.
pub fn get(path: &str) -> Result<Answer> {
    ask("GET", path, None)
}

/// Asks with any method, and shows a token.
///
/// # Errors
/// It does not answer.
pub fn ask(method: &str, path: &str, token: Option<&str>) -> Result<Answer> {
    let text = String::from_utf8(raw(method, path, token)?)
        .with_context(|| format!("the answer to {method} {path}"))?;
    parse(&text).with_context(|| format!("an HTTP answer: {text}"))
}

/// Asks for what is no text.
///
/// # Errors
/// It does not answer, or not with 200.
pub fn bytes(path: &str) -> Result<Vec<u8>> {
    let mut answer = raw("GET", path, None)?;
    let end = answer.windows(END.len()).position(|some| some == END).context("an HTTP answer")?;
    let body = answer.split_off(end + END.len());
    let head = String::from_utf8_lossy(&answer);
    ensure!(head.split(' ').nth(1) == Some("200"), "{path}: {head}{}", String::from_utf8_lossy(&body));
    Ok(body)
}

/// What ends the headers.
const END: &[u8] = b"\r\n\r\n";

fn raw(method: &str, path: &str, token: Option<&str>) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(ADDRESS).with_context(|| format!("connect to {ADDRESS}"))?;
    stream.set_read_timeout(PATIENCE)?;
    let token = token.map_or_else(String::new, |token| format!("authorization: Bearer {token}\r\n"));
    // HTTP/1.0: the answer comes in one piece and ends with the connection (RFC 1945 §7.2.2).
    write!(stream, "{method} {path} HTTP/1.0\r\nhost: {ADDRESS}\r\n{token}\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).with_context(|| format!("read the answer to {method} {path}"))?;
    Ok(answer)
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let (first, headers) = head.split_once("\r\n")?;
    let status = first.split(' ').nth(1)?.parse().ok()?;
    let header = |line: &str| Some(line.split_once(": ")?.1.to_owned());
    let mut types = headers.lines().filter(|line| line.to_ascii_lowercase().starts_with("content-type:"));
    let content_type = types.next().and_then(header).unwrap_or_default();
    Some(Answer { status, content_type, body: body.to_owned() })
}
