//! The terminal's size, as the kernel knows it.

use crate::socket::checked;

/// The rows of the terminal on standard output, if it is one.
pub(crate) fn rows() -> Option<usize> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the kernel writes a winsize, which outlives the call.
    let answer = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    checked(answer).ok().map(|_| usize::from(size.ws_row)).filter(|rows| *rows > 0)
}
