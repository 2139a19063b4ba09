//! Commands in, what `rrdcached` answers out: the connection to it.

use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::line::status;
use crate::config::Rrdcached;

/// How long an answer may take: a file is made on the disk before it comes.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a host may take to be reached.
const REACH: Duration = Duration::from_secs(5);
/// Commands whose answers may be under way at once: neither side waits for the other to read.
const AT_ONCE: usize = 256;

trait Stream: Read + Write + Send {}
impl Stream for UnixStream {}
impl Stream for TcpStream {}

/// A connection.
pub struct Cached {
    stream: BufReader<Box<dyn Stream>>,
}

impl fmt::Debug for Cached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached").finish_non_exhaustive()
    }
}

impl Cached {
    /// Connects.
    ///
    /// # Errors
    /// Those of the network.
    pub fn connect(to: &Rrdcached) -> io::Result<Self> {
        let stream: Box<dyn Stream> = match to {
            Rrdcached::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Box::new(stream)
            }
            Rrdcached::Tcp(host) => {
                let address = host.to_socket_addrs()?.next();
                let address = address.ok_or_else(|| io::Error::other(format!("{host} has no address")))?;
                let stream = TcpStream::connect_timeout(&address, REACH)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Box::new(stream)
            }
        };
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Gives commands that are answered by a line each: what that begins with, and what it says.
    pub(super) fn ask(&mut self, commands: &[String]) -> io::Result<Vec<(i64, String)>> {
        let mut answers = Vec::with_capacity(commands.len());
        for commands in commands.chunks(AT_ONCE) {
            self.stream.get_mut().write_all(commands.concat().as_bytes())?;
            for _ in commands {
                answers.push(self.answer()?);
            }
        }
        Ok(answers)
    }

    /// Whether it is still there.
    ///
    /// # Errors
    /// Those of the network: it is not.
    pub fn ping(&mut self) -> io::Result<()> {
        self.ask(&["PING\n".to_owned()]).map(drop)
    }

    /// Has all that waits in memory written to the files, as fast as the disk can.
    ///
    /// # Errors
    /// Those of the network.
    pub fn flush(&mut self) -> io::Result<()> {
        self.ask(&["FLUSHALL\n".to_owned()]).map(drop)
    }

    /// How many files wait to be written; `None` if that is not told here.
    ///
    /// # Errors
    /// Those of the network.
    pub fn queued(&mut self) -> io::Result<Option<u64>> {
        self.stream.get_mut().write_all(b"STATS\n")?;
        let (lines, _) = self.answer()?;
        let mut queued = None;
        for _ in 0..lines {
            if let Some(length) = self.line()?.trim().strip_prefix("QueueLength: ") {
                queued = length.parse().ok();
            }
        }
        Ok(queued)
    }

    /// Gives commands at once: those that were refused by their place, and why.
    pub(super) fn batch(&mut self, commands: &[String]) -> io::Result<Vec<(usize, String)>> {
        self.ask(&["BATCH\n".to_owned()])?;
        self.stream.get_mut().write_all((commands.concat() + ".\n").as_bytes())?;
        let (lines, _) = self.answer()?;
        let mut refused = Vec::new();
        for _ in 0..lines {
            let line = self.line()?;
            // A message may go on in a line of its own, which is among those that were announced.
            let Some((number, text)) = status(line.trim_end()) else { continue };
            let at = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
            let at = at.filter(|at| *at < commands.len());
            refused.push((at.ok_or_else(|| garbled(text))?, text.to_owned()));
        }
        Ok(refused)
    }

    /// The next line that begins with a number; what is left of a message before it is left out.
    fn answer(&mut self) -> io::Result<(i64, String)> {
        loop {
            let line = self.line()?;
            if let Some((number, text)) = status(line.trim_end()) {
                return Ok((number, text.to_owned()));
            }
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line),
        }
    }
}

fn garbled(text: &str) -> io::Error {
    io::Error::other(format!("rrdcached answered what was not asked: {text}"))
}
