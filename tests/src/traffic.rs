//! The probe's object: loaded, and as a source of frames between many pairs.

use std::fs::File;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use anyhow::{Context as _, Result, anyhow};
use aya::maps::{Array, Map, MapData, MapError, PerCpuArray, PerCpuValues, ProgramArray};
use aya::programs::xdp::XdpMode;
use aya::programs::{ProgramError, Xdp};
use aya::util::nr_cpus;
use aya::{Ebpf, EbpfLoader};
use ixp_agent::kernel::privilege;
use ixp_ebpf::traffic::{SEQUENCE, Traffic};

use crate::kernel::{Outcome, run, run_live};
use crate::mapped::Mapped;
use crate::netns::Namespace;

static PROBE: &[u8] =
    aya::include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/ebpf/ixp-ebpf-probe.o"));

/// Every program of the probe.
pub const PROGRAMS: [&str; 6] = [EMPTY, "ixp_digest", "ixp_drop", "ixp_paced", GENERATOR, STORM];

const EMPTY: &str = "ixp_empty";
const GENERATOR: &str = "ixp_traffic";
const STORM: &str = "ixp_storm";

/// Loads the named programs of the probe.
///
/// # Errors
/// If the kernel refuses, or a capability is missing.
pub fn load(programs: &[&str]) -> Result<Ebpf> {
    privilege::check()?;
    let mut ebpf = EbpfLoader::new().btf(None).load(PROBE).context("load the probe")?;
    for name in programs {
        let program = ebpf.program_mut(name).with_context(|| format!("the probe has no {name}"))?;
        let program: &mut Xdp = program.try_into()?;
        program.load().with_context(|| format!("load {name}"))?;
    }
    Ok(ebpf)
}

/// A program of a loaded object.
///
/// # Errors
/// If it is not there.
pub fn xdp<'a>(ebpf: &'a Ebpf, name: &str) -> Result<&'a Xdp> {
    let program = ebpf.program(name).with_context(|| format!("no program {name}"))?;
    program.try_into().map_err(|error: ProgramError| error.into())
}

/// Members between which a probe's frames go unless it is told otherwise.
pub const MEMBERS: u16 = 2500;

/// The word of a pair by its number: all that go out from the first of `members`, at least two, then all from the
/// second.
#[must_use]
pub fn pair(members: u16, number: u32) -> u32 {
    let others = u32::from(members) - 1;
    let (source, destination) = (number / others, number % others);
    let destination = destination + u32::from(destination >= source);
    source << 16 | destination
}

/// Makes each word of a probe's sequence a pair of its own.
fn sequence(map: Map) -> Result<Mapped<AtomicU32>> {
    let sequence = Mapped::new(map).context("map the sequence")?;
    fill(&sequence, 0, (0..SEQUENCE).map(|number| pair(MEMBERS, number)))?;
    Ok(sequence)
}

fn fill(sequence: &Mapped<AtomicU32>, first: u32, words: impl ExactSizeIterator<Item = u32>) -> Result<()> {
    let places = sequence.words().get(first as usize..).filter(|places| places.len() >= words.len());
    let places = places.context("the sequence has no room for so many words")?;
    places.iter().zip(words).for_each(|(place, word)| place.store(word, Ordering::Relaxed));
    Ok(())
}

/// Puts a program on the loopback interface of a network namespace where nothing is, which lasts as long as the file that
/// this gives. A test run of a program that is on no interface rewrites the kernel's dispatcher of XDP programs, before and
/// after, and waits each time until no CPU is in it: some 25 ms, longer than what is measured.
fn keep(program: &mut Xdp) -> Result<File> {
    let kept = thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let _namespace = Namespace::enter()?;
            program.attach("lo", XdpMode::Skb).context("put the generator on an interface")?;
            File::open("/proc/thread-self/ns/net").context("keep the namespace")
        });
        thread.join()
    });
    kept.map_err(|_| anyhow!("a thread panicked"))?
}

/// A source of frames that changes the pair from one to the next.
pub struct Generator {
    ebpf: Ebpf,
    traffic: Array<MapData, [u32; 2]>,
    place: PerCpuArray<MapData, u32>,
    sequence: Mapped<AtomicU32>,
    to: ProgramArray<MapData>,
    _kept: File,
}

impl Generator {
    /// Loads it. Its frames go nowhere.
    ///
    /// # Errors
    /// As [`load`].
    pub fn load() -> Result<Self> {
        let mut ebpf = load(&[EMPTY, GENERATOR])?;
        let mut take = |name| ebpf.take_map(name).with_context(|| format!("the probe has no {name}"));
        let traffic = Array::try_from(take("TRAFFIC")?)?;
        let place = PerCpuArray::try_from(take("TRAFFIC_PLACE")?)?;
        let sequence = sequence(take("SEQUENCE")?)?;
        let to = ProgramArray::try_from(take("TRAFFIC_TO")?)?;
        let _kept = keep(ebpf.program_mut(GENERATOR).context("the probe has no generator")?.try_into()?)?;
        Ok(Self { ebpf, traffic, place, sequence, to, _kept })
    }

    /// Writes words of the sequence, from `first` on.
    ///
    /// # Errors
    /// If it has no room for them.
    pub fn fill(&mut self, first: u32, words: &[u32]) -> Result<()> {
        fill(&self.sequence, first, words.iter().copied())
    }

    /// Hands its frames to a program from here on, or to none.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn feed(&mut self, program: Option<&Xdp>) -> Result<()> {
        match program {
            Some(program) => self.to.set(0, program.fd()?, 0).context("hand frames to the program"),
            None => match self.to.clear_index(&0) {
                Err(MapError::SyscallError(error)) if error.io_error.kind() == ErrorKind::NotFound => Ok(()),
                cleared => cleared.context("hand frames to no program"),
            },
        }
    }

    /// Makes `repeat` frames like `frame` between the pairs of `traffic`, from the first on.
    ///
    /// # Errors
    /// As [`run`].
    pub fn run(&mut self, frame: &[u8], traffic: Traffic, repeat: u32) -> Result<Outcome> {
        self.start(traffic, traffic.first())?;
        self.go_on(frame, repeat)
    }

    /// Lets each CPU's next frame be that of the word at `place`, and those that follow it go by `traffic`.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn start(&mut self, traffic: Traffic, place: u32) -> Result<()> {
        self.traffic.set(0, traffic.words(), 0).context("write the traffic")?;
        let cpus = nr_cpus().map_err(|(file, error)| anyhow!("{file}: {error}"))?;
        self.place.set(0, PerCpuValues::try_from(vec![place; cpus])?, 0).context("start with the first pair")
    }

    /// The program that makes the frames, one per run.
    ///
    /// # Errors
    /// If the probe has none.
    pub fn program(&self) -> Result<&Xdp> {
        xdp(&self.ebpf, GENERATOR)
    }

    /// Makes `repeat` frames more on this CPU.
    ///
    /// # Errors
    /// As [`run`].
    pub fn go_on(&self, frame: &[u8], repeat: u32) -> Result<Outcome> {
        run(self.program()?, frame, repeat)
    }

    /// Hands `repeat` frames to the program that does nothing.
    ///
    /// # Errors
    /// As [`run`].
    pub fn run_empty(&self, frame: &[u8], repeat: u32) -> Result<Outcome> {
        run(xdp(&self.ebpf, EMPTY)?, frame, repeat)
    }
}

/// A source of real frames on an interface, as many as the kernel can make.
pub struct Storm {
    ebpf: Ebpf,
    traffic: Array<MapData, [u32; 2]>,
    _sequence: Mapped<AtomicU32>,
}

impl Storm {
    /// Loads it for an interface of the calling thread's network namespace, whose frames a program takes at the
    /// other end.
    ///
    /// # Errors
    /// As [`load`].
    pub fn onto(ifindex: u32) -> Result<Self> {
        let mut ebpf = load(&[STORM])?;
        let mut take = |name| ebpf.take_map(name).with_context(|| format!("the probe has no {name}"));
        let traffic = Array::try_from(take("TRAFFIC")?)?;
        let mut to: Array<MapData, u32> = Array::try_from(take("STORM_TO")?)?;
        to.set(0, ifindex, 0).context("write the interface")?;
        let sequence = sequence(take("SEQUENCE")?)?;
        Ok(Self { ebpf, traffic, _sequence: sequence })
    }

    /// Sends `repeat` frames like `frame`, all the same or between the pairs of `traffic`. A ring that is full
    /// at the other end drops some, and counts them.
    ///
    /// # Errors
    /// As [`run_live`].
    pub fn blow(&mut self, frame: &[u8], traffic: Traffic, repeat: u32) -> Result<()> {
        self.traffic.set(0, traffic.words(), 0).context("write the traffic")?;
        run_live(xdp(&self.ebpf, STORM)?, frame, repeat)
    }
}
