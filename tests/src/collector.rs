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

/// Frames and bytes by source and destination address.
pub type Sums = BTreeMap<(String, String), (u64, u64)>;

/// nfdump's `sfcapd`, writing a file every other second.
#[derive(Debug)]
pub struct Sfcapd {
    child: Child,
    folder: PathBuf,
}

impl Sfcapd {
    /// Starts it on a port of loopback.
    ///
    /// # Errors
    /// It is not installed.
    pub fn start(folder: &Path, port: u16) -> Result<Self> {
        let folder = folder.join("sfcapd");
        fs::create_dir(&folder).context("make a folder for sfcapd")?;
        let mut command = program("IXP_SFCAPD", "sfcapd");
        command.args(["-b", "127.0.0.1", "-t", "2", "-p", &port.to_string(), "-w"]).arg(&folder);
        Ok(Self { child: started(command, port)?, folder })
    }

    /// What is in the files that it has finished.
    ///
    /// # Errors
    /// nfdump is not installed, or prints what is no JSON.
    pub fn sums(&self) -> Result<Sums> {
        let mut sums = Sums::new();
        for entry in fs::read_dir(&self.folder).context("list what sfcapd wrote")? {
            let file = entry?.path();
            if file.to_string_lossy().contains("current") {
                continue;
            }
            let mut reader = program("IXP_NFDUMP", "nfdump");
            let ended = reader.args(["-o", "json", "-r"]).arg(&file).stdout(Stdio::piped()).output();
            let ended = ended.context("start nfdump: `cargo xtask test` fetches it")?;
            let text = String::from_utf8_lossy(&ended.stdout);
            // A file without flows is a bracket and a remark.
            if text.contains("No matching flows") {
                continue;
            }
            let flows: Vec<Value> = serde_json::from_str(&text).context("read what nfdump prints")?;
            for flow in &flows {
                add(&mut sums, flow, ["in_src_mac", "out_dst_mac"], ["in_packets", "in_bytes"])?;
            }
        }
        Ok(sums)
    }
}

impl Drop for Sfcapd {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// A collector that is given by a variable, else that on the PATH, without a say on our terminal.
fn program(variable: &str, name: &str) -> Command {
    let mut command = Command::new(env::var_os(variable).unwrap_or_else(|| name.into()));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command
}

/// Starts a collector, and waits until it listens.
fn started(mut command: Command, port: u16) -> Result<Child> {
    let child = command.spawn();
    let mut child =
        child.with_context(|| format!("start {:?}: `cargo xtask test` fetches it", command.get_program()))?;
    let listens = wait("a collector to listen", || {
        let table = fs::read_to_string("/proc/thread-self/net/udp").context("list sockets")?;
        Ok(table.contains(&format!(":{port:04X} ")).then_some(()))
    });
    if listens.is_err() {
        end(&mut child);
    }
    listens.map(|()| child)
}

/// Ends a collector with its helpers: they are of its process group, which is nobody else's.
fn end(child: &mut Child) {
    if let Ok(group) = libc::pid_t::try_from(child.id()) {
        // SAFETY: the group of a child of ours that was not waited for yet.
        unsafe { libc::kill(-group, libc::SIGKILL) };
    }
    let _ended = child.wait();
}

/// Adds what a collector says of some frames, by the names that it has for things.
fn add(sums: &mut Sums, of: &Value, macs: [&str; 2], counts: [&str; 2]) -> Result<()> {
    let [source, destination] = macs.map(|key| of[key].as_str().unwrap_or_default().to_owned());
    let [packets, bytes] = counts.map(|key| of[key].as_u64().with_context(|| format!("no {key} in {of}")));
    let sum = sums.entry((source, destination)).or_default();
    sum.0 += packets?;
    sum.1 += bytes?;
    Ok(())
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
        Self::with(folder, port, "aggregate: src_mac, dst_mac\n")
    }

    /// Starts it with a map of the AS numbers of source addresses.
    ///
    /// # Errors
    /// It is not installed.
    pub fn with_peers(folder: &Path, port: u16, map: &Path) -> Result<Self> {
        // Without a daemon of its own for BGP it leaves the map alone.
        let more = format!(
            "aggregate: src_mac, dst_mac, peer_src_as\nbgp_peer_src_as_type: map\nbgp_peer_src_as_map: {}\n\
             sfacctd_as: bgp\nbgp_daemon: true\nbgp_daemon_ip: 127.0.0.1\n",
            map.display()
        );
        Self::with(folder, port, &more)
    }

    fn with(folder: &Path, port: u16, more: &str) -> Result<Self> {
        let output = folder.join("sfacctd.json");
        let config = folder.join("sfacctd.conf");
        let text = format!(
            "sfacctd_ip: 127.0.0.1\nsfacctd_port: {port}\nplugins: print\nprint_output: json\nprint_output_file: {}\n\
             print_output_file_append: true\nprint_refresh_time: 1\nsfacctd_renormalize: true\n{more}",
            output.display()
        );
        fs::write(&config, text).context("write sfacctd's configuration")?;
        let mut command = program("IXP_SFACCTD", "sfacctd");
        command.arg("-f").arg(&config);
        Ok(Self { child: started(command, port)?, output })
    }

    /// Frames and bytes by source and destination, as far as it has printed them.
    ///
    /// # Errors
    /// What it prints cannot be read.
    pub fn sums(&self) -> Result<Sums> {
        let mut sums = Sums::new();
        for value in self.printed()? {
            add(&mut sums, &value, ["mac_src", "mac_dst"], ["packets", "bytes"])?;
        }
        Ok(sums)
    }

    /// The AS number of each source address, as far as it has printed them.
    ///
    /// # Errors
    /// What it prints cannot be read.
    pub fn owners(&self) -> Result<BTreeMap<String, u64>> {
        let owner = |of: &Value| Some((of["mac_src"].as_str()?.to_owned(), of["peer_as_src"].as_u64()?));
        let printed = self.printed()?;
        printed.iter().map(|of| owner(of).with_context(|| format!("no owner in {of}"))).collect()
    }

    fn printed(&self) -> Result<Vec<Value>> {
        let text = fs::read_to_string(&self.output).unwrap_or_default();
        // It may be writing the last line.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|line| serde_json::from_str(line).context("read a line of sfacctd")).collect()
    }
}

impl Drop for Sfacctd {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}
