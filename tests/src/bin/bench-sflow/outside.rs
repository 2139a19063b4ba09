//! Datagrams over loopback in, the CPU time that a whole collector takes for each sample out.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::{fs, io, thread};

use anyhow::{Context as _, Result, ensure};
use ixp_agent::sflow::listen::Receiver;
use ixp_lab::clock;
use ixp_tests::agent::site::Site;
use ixp_tests::agent::{number, wait};
use serde::Serialize;

use crate::group::{Group, time_of};
use crate::inside::cpu_time;
use crate::stream::{SAMPLES, Stream};

/// Datagrams per second: 150,000 samples, a quarter of what sfacctd takes at most.
const PACE: u64 = 25_000;
/// Datagrams that are sent at once.
const AT_ONCE: usize = 50;
/// Bytes in which the kernel keeps datagrams for a collector.
const BUFFER: u32 = 8 << 20;

/// Its name in figures.
pub(crate) const SFACCTD: &str = "sfacctd";
/// Where collectors listen.
pub(crate) const PORT: u16 = 6343;

/// What a collector takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Outside {
    /// Which.
    pub(crate) collector: &'static str,
    /// How many pairs samples are of.
    pub(crate) pairs: usize,
    /// Samples in all, each of which it counted.
    pub(crate) samples: u64,
    /// Nanoseconds of CPU that each took, in all its processes, with the system's part of receiving.
    pub(crate) sample_ns: f64,
}

impl Outside {
    fn new(collector: &'static str, stream: &Stream, datagrams: usize, took: Duration) -> Self {
        let samples = (datagrams * SAMPLES) as u64;
        let sample_ns = took.as_nanos() as f64 / samples as f64;
        Self { collector, pairs: stream.pairs, samples, sample_ns }
    }
}

/// The agent's way of receiving, and nothing done with what comes: no collector on sockets takes less.
pub(crate) fn receiving(stream: &Stream, datagrams: usize) -> Result<Outside> {
    let _site = Site::enter()?;
    let address = SocketAddr::from(([127, 0, 0, 1], PORT));
    let mut receivers = Receiver::open(address, 1, BUFFER).context("open a port")?;
    let receiver = &mut receivers[0];
    let gauge = receiver.gauge()?;
    let took = thread::scope(|scope| {
        let thread = scope.spawn(move || {
            let (before, mut left) = (cpu_time()?, datagrams);
            while left > 0 {
                let received = receiver.receive()?.count();
                left = left.saturating_sub(received);
                ensure!(received > 0 || gauge.dropped()? == 0, "the receive buffer was full");
            }
            Ok(cpu_time()?.saturating_sub(before))
        });
        send(stream, datagrams)?;
        thread.join().expect("it does not panic")
    })?;
    Ok(Outside::new("receiving alone", stream, datagrams, took))
}

/// The agent, without any interface.
pub(crate) fn agent(stream: &Stream, datagrams: usize) -> Result<Outside> {
    let site = Site::enter()?;
    site.write("members.toml", stream.members())?;
    let agent = site.agent(&format!(
        "[members]\nfile = \"members.toml\"\n[sflow.listen]\naddress = \"127.0.0.1:{PORT}\"\n\
             [[sflow.exporter]]\naddress = \"127.0.0.1\"\n"
    ))?;
    let process = agent.process().cast_signed();
    let before = time_of(process)?;
    send(stream, datagrams)?;
    let samples = (datagrams * SAMPLES) as u64;
    wait("every sample is counted", || {
        let listen = agent.json("/api/v1/status")?["sflow"]["listen"].clone();
        ensure!(listen["dropped"] == 0, "the receive buffer was full: {listen}");
        Ok((number(&listen["seen"]["samples"])? == samples).then_some(()))
    })?;
    Ok(Outside::new("ixp-agent", stream, datagrams, time_of(process)?.saturating_sub(before)))
}

/// pmacct's, which prints what it summed up at its end.
pub(crate) fn sfacctd(stream: &Stream, datagrams: usize, program: &Path) -> Result<Outside> {
    let site = Site::enter()?;
    let printed = site.path("sfacctd.csv");
    let config = format!(
        "daemonize: false\nsfacctd_ip: 127.0.0.1\nsfacctd_port: {PORT}\nsfacctd_pipe_size: {BUFFER}\nplugins: print\n\
         aggregate: src_mac, dst_mac, etype\nplugin_pipe_size: {}\nplugin_buffer_size: {}\nprint_cache_entries: 262147\n\
         print_refresh_time: 86400\nprint_output: csv\nprint_output_file: {}\n",
        2 * BUFFER,
        2 * BUFFER / 1000,
        printed.display()
    );
    let mut command = Command::new(program);
    command.arg("-f").arg(site.write("sfacctd.conf", config)?);
    let mut group = Group::start(command, site.path("sfacctd.log"))?;
    wait("sfacctd listens", || {
        let table = fs::read_to_string("/proc/thread-self/net/udp").context("list sockets")?;
        Ok(table.contains(&format!(":{PORT:04X} ")).then_some(()))
    })?;
    // Its cache is filled with zeros first.
    group.wait_until_quiet()?;
    let before = group.cpu_time()?;
    send(stream, datagrams)?;
    group.wait_until_quiet()?;
    let took = group.cpu_time()?.saturating_sub(before);
    let log = group.interrupt()?;
    let text = fs::read_to_string(&printed).with_context(|| format!("it printed nothing: {log}"))?;
    let column =
        text.lines().next().and_then(|titles| titles.split(',').position(|title| title == "PACKETS"));
    let column = column.with_context(|| format!("no column of packets: {text}"))?;
    let counted: u64 = text.lines().filter_map(|line| line.split(',').nth(column)?.parse::<u64>().ok()).sum();
    let samples = (datagrams * SAMPLES) as u64;
    ensure!(counted == samples, "sfacctd counted {counted} of {samples} samples: {log}");
    Ok(Outside::new(SFACCTD, stream, datagrams, took))
}

/// Sends so many datagrams of the stream, over and over, at an even pace.
fn send(stream: &Stream, datagrams: usize) -> Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").context("open a port")?;
    socket.connect(("127.0.0.1", PORT)).context("find the collector")?;
    let all: Vec<&Vec<u8>> = stream.datagrams.iter().cycle().take(datagrams).collect();
    let start = clock::now();
    for (turn, some) in (0u64..).zip(all.chunks(AT_ONCE)) {
        let due = Duration::from_nanos(turn * AT_ONCE as u64 * 1_000_000_000 / PACE);
        if let Some(early) = due.checked_sub(start.elapsed()) {
            clock::pause(early);
        }
        for datagram in some {
            socket.send(datagram).map_err(|error: io::Error| anyhow::anyhow!("send: {error}"))?;
        }
    }
    Ok(())
}
