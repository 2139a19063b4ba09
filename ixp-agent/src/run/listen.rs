//! The API's socket and its token.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::FromRawFd;
use std::path::Path;

use tracing::info;

use super::Error;

/// The socket that the service manager passed, or one bound to `address`.
pub(super) fn listener(address: SocketAddr, has_token: bool) -> Result<TcpListener, Error> {
    let failed = |source| Error::Listen { address, source };
    let listener = match sd_notify::listen_fds().map_err(failed)?.next() {
        // SAFETY: the service manager says by LISTEN_PID that this descriptor is this process's.
        Some(fd) => unsafe { TcpListener::from_raw_fd(fd) },
        None => TcpListener::bind(address).map_err(failed)?,
    };
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    if !has_token && !address.ip().is_loopback() {
        return Err(Error::Open { address });
    }
    info!(url = %format!("http://{address}"), "listening");
    Ok(listener)
}

/// The token in a file: its first line.
pub(super) fn token(path: &Path) -> Result<String, Error> {
    let failed = |reason: String| Error::Token { path: path.to_owned(), reason };
    let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    match text.lines().next().map(str::trim) {
        Some(token) if !token.is_empty() => Ok(token.to_owned()),
        _ => Err(failed("it is empty; write one line, as from `openssl rand -hex 32`".to_owned())),
    }
}
