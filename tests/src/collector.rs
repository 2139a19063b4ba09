//! Places where sFlow datagrams arrive: a socket of our own, and collectors of others, with what they make of them.

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::agent::wait;

/// A socket that datagrams are sent to.
#[derive(Debug)]
pub struct Collector {
    socket: UdpSocket,
}

impl Collector {
    /// On any port of loopback.
    ///
    /// # Errors
    /// The interface is down.
    pub fn open() -> Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0").context("open a port on loopback")?;
        socket.set_read_timeout(Some(Duration::from_millis(50)))?;
        Ok(Self { socket })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// None for an open socket.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }

    /// Datagrams as they come, until together they satisfy `is_enough`.
    ///
    /// # Errors
    /// They never do.
    pub fn hear(&self, is_enough: impl Fn(&[Vec<u8>]) -> bool) -> Result<Vec<Vec<u8>>> {
        let mut heard = Vec::new();
        let mut bytes = vec![0; 1 << 16];
        wait("datagrams", || {
            while let Ok(len) = self.socket.recv(&mut bytes) {
                heard.push(bytes[..len].to_vec());
            }
            Ok(is_enough(&heard).then_some(()))
        })?;
        Ok(heard)
    }
}

/// What tshark makes of datagrams: a JSON object per packet.
///
/// # Errors
/// tshark is not installed, or ends with an error.
pub fn tshark(folder: &Path, datagrams: &[Vec<u8>]) -> Result<Vec<Value>> {
    let file = folder.join("sflow.pcap");
    fs::write(&file, capture(datagrams)).context("write a capture")?;
    let ended = Command::new("tshark")
        .args(["-d", "udp.port==6343,sflow", "-T", "json", "--no-duplicate-keys", "-r"])
        .arg(&file)
        .stdin(Stdio::null())
        .output()
        .context("start tshark: `cargo xtask test` installs it")?;
    ensure!(ended.status.success(), "tshark: {}", String::from_utf8_lossy(&ended.stderr));
    serde_json::from_slice(&ended.stdout).context("read what tshark prints")
}

/// A capture (pcap, Ethernet) of datagrams to the port of sFlow.
fn capture(datagrams: &[Vec<u8>]) -> Vec<u8> {
    let packets: Vec<Vec<u8>> = datagrams.iter().map(|datagram| packet(datagram)).collect();
    crate::agent::pcap::pcap(1, packets.iter().map(Vec::as_slice))
}

fn packet(datagram: &[u8]) -> Vec<u8> {
    let packet = etherparse::PacketBuilder::ethernet2([2, 0, 0, 0, 0, 8], [2, 0, 0, 0, 0, 9])
        .ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64)
        .udp(40_000, 6343);
    let mut bytes = Vec::with_capacity(packet.size(datagram.len()));
    packet.write(&mut bytes, datagram).expect("a vector takes all");
    bytes
}

/// pmacct's `sfacctd`, summing up by MAC addresses.
#[derive(Debug)]
pub struct Sfacctd {
    child: Child,
    output: PathBuf,
}

impl Sfacctd {
    /// Starts it on a port of loopback.
    ///
    /// # Errors
    /// It is not installed.
    pub fn start(folder: &Path, port: u16) -> Result<Self> {
        let output = folder.join("sfacctd.json");
        let config = folder.join("sfacctd.conf");
        let text = format!(
            "sfacctd_ip: 127.0.0.1\nsfacctd_port: {port}\nplugins: print\naggregate: src_mac, dst_mac\nprint_output: json\n\
             print_output_file: {}\nprint_output_file_append: true\nprint_refresh_time: 1\nsfacctd_renormalize: true\n",
            output.display()
        );
        fs::write(&config, text).context("write sfacctd's configuration")?;
        let program = env::var_os("IXP_SFACCTD").unwrap_or_else(|| "sfacctd".into());
        let child = Command::new(program)
            .arg("-f")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("start sfacctd: `cargo xtask test` fetches it")?;
        let started = Self { child, output };
        wait("sfacctd to listen", || {
            let table = fs::read_to_string("/proc/thread-self/net/udp").context("list sockets")?;
            Ok(table.contains(&format!(":{port:04X} ")).then_some(()))
        })?;
        Ok(started)
    }

    /// Frames and bytes by source and destination, as far as it has printed them.
    ///
    /// # Errors
    /// What it prints cannot be read.
    pub fn sums(&self) -> Result<BTreeMap<(String, String), (u64, u64)>> {
        let text = fs::read_to_string(&self.output).unwrap_or_default();
        let mut sums: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
        for line in text.lines() {
            let value: Value = serde_json::from_str(line).context("read a line of sfacctd")?;
            let word = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
            let number = |key: &str| value[key].as_u64().with_context(|| format!("{key} in {line}"));
            let sum = sums.entry((word("mac_src"), word("mac_dst"))).or_default();
            sum.0 += number("packets")?;
            sum.1 += number("bytes")?;
        }
        Ok(sums)
    }
}

impl Drop for Sfacctd {
    fn drop(&mut self) {
        // Its plugins are of its process group, which is nobody else's.
        if let Ok(group) = libc::pid_t::try_from(self.child.id()) {
            // SAFETY: the group of a child of ours that was not waited for yet.
            unsafe { libc::kill(-group, libc::SIGKILL) };
        }
        let _ended = self.child.wait();
    }
}
