//! Programs and a load in, what each adds to the generator's time out: in turn round by round, so that whatever slows
//! the machine slows all of them. Afterwards every frame is found again in the counters.

use anyhow::{Result, ensure};
use ixp_common::counters::Counts;
use ixp_tests::kernel::Outcome;
use ixp_tests::traffic::Generator;

use crate::exchange::frame;
use crate::load::{Load, Sent};
use crate::subject::Subject;

/// How long to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: u32,
    /// Frames of a round.
    pub(crate) frames: u32,
    /// Frames that are drawn; the first follows the last.
    pub(crate) drawn: u32,
}

/// For people.
pub(crate) const FULL: Effort = Effort { rounds: 7, frames: 800_000, drawn: 1 << 22 };
/// For CI.
pub(crate) const QUICK: Effort = Effort { rounds: 3, frames: 120_000, drawn: 1 << 20 };

impl Effort {
    /// The same frames in more and shorter rounds where few pairs have all they need in the caches at once: what slows the
    /// machine for a while then slows all programs alike.
    const fn among(self, pairs: u32) -> Self {
        const PARTS: u32 = 16;
        if pairs > 10_000 {
            self
        } else {
            Self { rounds: self.rounds * PARTS, frames: self.frames / PARTS, ..self }
        }
    }

    /// Frames before those of a round, which bring a program's tables into the caches: other programs had them.
    pub(crate) const fn ahead(&self) -> u32 {
        self.frames / 4
    }

    /// The first drawn frame of a round, by its number.
    pub(crate) fn first_of(&self, round: u32) -> u64 {
        u64::from(round) * u64::from(self.ahead() + self.frames)
    }
}

/// The times of frames of one length, in nanoseconds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Times {
    /// Of the generator alone.
    pub(crate) floor: f64,
    /// What each program adds, in their order.
    pub(crate) over: Vec<f64>,
}

/// Measures with frames of each size; gives the times by size, and how many frames were counted.
pub(crate) fn run(
    generator: &mut Generator,
    load: &Load,
    subjects: &mut [Box<dyn Subject>],
    sizes: &[u32],
    effort: Effort,
) -> Result<(Vec<Times>, u64)> {
    let effort = effort.among(load.pairs);
    generator.fill(0, &load.words)?;
    for subject in &mut *subjects {
        generator.feed(Some(subject.program()?))?;
        generator.run(&frame(sizes[0]), load.first_round(), load.pairs)?;
    }
    let mut floors = vec![Vec::new(); sizes.len()];
    let mut totals = vec![vec![Vec::new(); subjects.len()]; sizes.len()];
    for round in 0..effort.rounds {
        for (size, bytes) in sizes.iter().enumerate() {
            let frame = frame(*bytes);
            generator.feed(None)?;
            floors[size].push(time(generator, load, &frame, round, effort)?);
            for (subject, totals) in subjects.iter_mut().zip(&mut totals[size]) {
                subject.make_room()?;
                generator.feed(Some(subject.program()?))?;
                totals.push(time(generator, load, &frame, round, effort)?);
            }
        }
    }
    generator.feed(None)?;
    let drawn = effort.first_of(effort.rounds);
    let rounds = [1].into_iter().chain(std::iter::repeat(0));
    let sent: Vec<Sent> = sizes
        .iter()
        .zip(rounds)
        .map(|(bytes, first_rounds)| Sent { bytes: *bytes, first_rounds, drawn })
        .collect();
    let mut counted = 0;
    for subject in subjects {
        counted += exactly(&mut **subject, load, &sent)?;
    }
    let times = floors.iter_mut().zip(&mut totals).map(|(floors, totals)| {
        let floor = middle(floors);
        Times { floor, over: totals.iter_mut().map(|totals| middle(totals) - floor).collect() }
    });
    Ok((times.collect(), counted))
}

/// Nanoseconds per frame of a round.
pub(crate) fn time(
    generator: &mut Generator,
    load: &Load,
    frame: &[u8],
    round: u32,
    effort: Effort,
) -> Result<f64> {
    generator.start(load.drawn(), load.place(effort.first_of(round)))?;
    generator.go_on(frame, effort.ahead())?;
    Ok(nanoseconds(generator.go_on(frame, effort.frames)?))
}

/// Of one frame.
pub(crate) fn nanoseconds(outcome: Outcome) -> f64 {
    outcome.each.as_secs_f64() * 1e9
}

/// Holds each cell against what was sent, to the byte; gives the frames.
pub(crate) fn exactly(subject: &mut dyn Subject, load: &Load, sent: &[Sent]) -> Result<u64> {
    let Load { pairs, members, spread, .. } = load;
    let of = format!("{pairs} pairs of {members} members, {}", spread.name());
    let expected = load.counts(sent);
    let counted = subject.counted()?;
    let mut sum = Counts::default();
    expected.iter().for_each(|(_, counts)| sum.add(*counts));
    ensure!(counted.seen == sum, "{of}: {sum:?} sent, {:?} seen", counted.seen);
    let (cells, all) = (counted.cells.len(), expected.len());
    ensure!(cells == all, "{of}: {cells} cells, not {all}");
    let wrong = expected.iter().zip(&counted.cells).find(|(expected, counted)| expected != counted);
    ensure!(wrong.is_none(), "{of}: sent and counted are {wrong:?}");
    Ok(sum.packets)
}

/// The mean of the middle third: as steady as a median, and finer than the whole nanoseconds that the kernel tells.
pub(crate) fn middle(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let most = values.len();
    let middle = &values[most / 3..most - most / 3];
    middle.iter().sum::<f64>() / f64::from(u32::try_from(middle.len()).unwrap_or(u32::MAX))
}
