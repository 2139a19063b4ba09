//! Socket options: a descriptor and a value go in, the kernel's answer comes out.

use std::io;
use std::os::fd::AsRawFd;

use anyhow::{Context, Result};

/// Sets `option` to `value`, which is of the type that the option has.
pub(crate) fn set<T: Copy>(socket: &impl AsRawFd, level: i32, option: i32, value: T) -> Result<()> {
    let pointer = (&raw const value).cast();
    // SAFETY: the value is as long as the length says.
    let answer = unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, pointer, length_of::<T>()) };
    checked(answer).with_context(|| format!("set socket option {option}"))?;
    Ok(())
}

/// Reads `option` over `value`, which is of the type that the option has.
pub(crate) fn get<T: Copy>(socket: &impl AsRawFd, level: i32, option: i32, mut value: T) -> Result<T> {
    let mut length = length_of::<T>();
    let (fd, pointer) = (socket.as_raw_fd(), (&raw mut value).cast());
    // SAFETY: the value is as long as the length says.
    let answer = unsafe { libc::getsockopt(fd, level, option, pointer, &raw mut length) };
    checked(answer).with_context(|| format!("get socket option {option}"))?;
    Ok(value)
}

/// The length of a `T` as socket calls take it.
pub(crate) fn length_of<T>() -> libc::socklen_t {
    libc::socklen_t::try_from(size_of::<T>()).expect("addresses and options are short")
}

/// What a call answered, or what went wrong if that is below zero.
pub(crate) fn checked(answer: i32) -> io::Result<i32> {
    if answer >= 0 { Ok(answer) } else { Err(io::Error::last_os_error()) }
}
