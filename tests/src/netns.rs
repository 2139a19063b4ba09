//! A network namespace of the calling thread's own, and pairs of interfaces in it that carry nothing
//! but what a test sends.

use std::fs;
use std::io;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// The calling thread's network namespace. It ends with the thread.
#[derive(Debug)]
pub struct Namespace(());

impl Namespace {
    /// Moves the calling thread into a namespace with nothing in it but the loopback interface, where
    /// the kernel sends no IPv6 of its own.
    ///
    /// # Errors
    /// If CAP_SYS_ADMIN is missing.
    pub fn enter() -> Result<Self> {
        // SAFETY: no pointers are passed.
        let result = unsafe { libc::unshare(libc::CLONE_NEWNET) };
        ensure!(result == 0, "a network namespace needs CAP_SYS_ADMIN: {}", io::Error::last_os_error());
        for scope in ["all", "default"] {
            let file = format!("/proc/sys/net/ipv6/conf/{scope}/disable_ipv6");
            fs::write(&file, "1").with_context(|| format!("write {file}"))?;
        }
        Ok(Self(()))
    }

    /// Makes two interfaces, each the other end of the other.
    ///
    /// # Errors
    /// If `ip` or veth is missing.
    pub fn veth(&self, one: &str, other: &str) -> Result<()> {
        self.ip(&["link", "add", one, "mtu", "9000", "type", "veth", "peer", "name", other, "mtu", "9000"])?;
        self.ip(&["link", "set", one, "up"])?;
        self.ip(&["link", "set", other, "up"])?;
        Ok(())
    }

    /// Runs `ip` in the namespace, and gives what it writes: a child process starts in that of the thread.
    ///
    /// # Errors
    /// If it fails; says with what.
    pub fn ip(&self, args: &[&str]) -> Result<String> {
        let output = Command::new("ip").args(args).output().context("run ip: install iproute2")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "ip {}: {said}", args.join(" "));
        String::from_utf8(output.stdout).context("ip writes UTF-8")
    }
}
