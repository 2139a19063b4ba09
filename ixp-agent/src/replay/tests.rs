//! Claims about replay: the golden matrices of captures, what goes to which stream, what adds up.

mod sflow;

use clap::Parser;
use ixp_common::bytes::Captured;
use ixp_common::rules::Rule;
use proptest::collection::vec;
use proptest::prelude::*;

use super::frames::Judge;
use super::*;
use crate::matrix::tests::registry;
use crate::snapshot::Delta;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: ReplayArgs,
}

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/replay").join(name)
}

/// Runs `ixp-agent replay` with these words; `lan.pcap` and the like are files of `testdata`.
fn replay(words: &str, stdin: &[u8]) -> (String, String, Outcome) {
    let words = words.split_whitespace().map(|word| match word.contains(".pcap") {
        true => testdata(word).into_os_string(),
        false => word.into(),
    });
    let args = Cli::parse_from([PathBuf::from("replay").into_os_string()].into_iter().chain(words)).args;
    let policy = args.policy.as_ref().map_or_else(Policy::default, |path| {
        let text =
            std::fs::read_to_string(testdata(&path.display().to_string())).expect("the policy is there");
        crate::config::policy::read(path, &text).expect("it is one")
    });
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut stdin = stdin;
    let outcome = run(&args, &registry(), &policy, &mut stdin, &mut out, &mut err).expect("vectors take it");
    let err = String::from_utf8_lossy(&err).replace(&testdata("").display().to_string(), "");
    (String::from_utf8_lossy(&out).into_owned(), err, outcome)
}

fn check(name: &str, words: &str) {
    let (out, err, outcome) = replay(words, &[]);
    assert_eq!((err.as_str(), outcome), ("", Outcome::Complete));
    golden::check(&format!("replay/{name}"), &out);
}

#[test]
fn a_capture_gives_its_golden_matrix() {
    check("mac.txt", "lan.pcap");
    check("interface.json", "--by interface --format json lan.pcap");
    check("asn.csv", "--by asn --format csv lan.pcap");
    check("twice.csv", "--format csv lan.pcap lan.pcapng");
}

#[test]
fn a_policy_says_which_rules_hold_for_whom_and_what_is_dropped() {
    check("enforced.txt", "--policy policy.toml lan.pcap");
    let csv = |policy| replay(&format!("--format csv {policy} lan.pcap"), &[]);
    assert_eq!(csv(""), csv("--policy policy.toml"), "rules are no cells");
}

#[test]
fn a_second_mac_is_a_members_as_long_as_the_captures_time_says() {
    let text = "[[lan]]\nname = \"a\"\n[[member]]\nasn = 64500\n[[member.interface]]\nlan = \"a\"\n\
                macs = [\"02:00:00:00:00:01\"]\n\
                change = { mac = \"02:00:00:00:00:09\", until = \"2026-11-22T10:00:05Z\" }\n";
    let (registry, _) = crate::members::parse("m", text, &Default::default()).expect("a good file");
    let policy = Policy::default();
    let mut judge = Judge::new(&registry, &policy).expect("they fit");
    let mut frame = [0xffu8; 60];
    frame[6..12].copy_from_slice(&[2, 0, 0, 0, 0, 9]);
    let strangers = [("2026-11-22T10:00:04Z", 0), ("2026-11-22T10:00:05Z", 1), ("2026-11-22T09:00:00Z", 1)];
    for (at, expected) in strangers {
        judge.at(at.parse().expect("a moment"));
        let mut tally = Tally::default();
        tally.count(&Captured::whole(&frame), Some(&judge.memory));
        let broken = tally.into_delta().rules;
        let count = broken.keys().filter(|key| key.rule() == Some(Rule::L07)).count();
        assert_eq!(count, expected, "{at}");
    }
}

#[test]
fn pcap_and_pcapng_of_the_same_frames_are_the_same_matrix() {
    let json = |file| replay(&format!("--format json {file}"), &[]);
    assert_eq!(json("lan.pcap"), json("lan.pcapng"));
}

#[test]
fn standard_input_is_a_capture_too() {
    let bytes = std::fs::read(testdata("lan.pcap")).expect("the capture is there");
    assert_eq!(replay("-", &bytes), replay("lan.pcap", &[]));
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_shown() {
    let bytes = std::fs::read(testdata("lan.pcap")).expect("the capture is there");
    let (out, err, outcome) = replay("--format csv - missing.pcap", &bytes[..bytes.len() - 1]);
    assert_eq!(outcome, Outcome::Incomplete);
    let at = bytes.len() - 16 - 40;
    let expected = format!(
        "-: cut off inside the record at byte {at}, after 11 frames\n\
         missing.pcap: open: No such file or directory (os error 2)\n"
    );
    assert_eq!(err, expected);
    assert_eq!(out.lines().count(), 9);
}

#[test]
fn without_any_capture_there_is_no_matrix() {
    let (out, err, outcome) = replay("-", b"");
    assert_eq!((out.as_str(), outcome), ("", Outcome::Incomplete));
    assert!(err.starts_with("-: the capture is empty"), "{err}");
}

#[test]
fn frames_passed_over_are_a_problem() {
    let (out, err, outcome) = replay("--format csv mixed.pcapng", &[]);
    assert_eq!(outcome, Outcome::Incomplete);
    assert_eq!(out.lines().count(), 2);
    let start = "mixed.pcapng: 2 frames passed over: link type 113 (Linux cooked): capture on";
    assert!(err.starts_with(start), "{err}");
}

#[test]
fn a_capture_without_frames_is_read_completely() {
    let header = std::fs::read(testdata("lan.pcap")).expect("the capture is there");
    let (out, err, outcome) = replay("--format json -", &header[..24]);
    assert_eq!((err.as_str(), outcome), ("", Outcome::Complete));
    assert!(out.starts_with("{\n  \"from\": null,\n  \"to\": null,"), "{out}");
}

/// Frames of few stations, some of them broken.
fn frame() -> impl Strategy<Value = (Vec<u8>, u32)> {
    let station = prop_oneof![1u8..6, Just(0xff)];
    let ethertype = prop_oneof![
        Just([0x08, 0x00]),
        Just([0x86, 0xdd]),
        Just([0x08, 0x06]),
        Just([0x81, 0x00]),
        Just([0x00, 0x20]),
        Just([0x05, 0xdd]),
    ];
    (station, 1u8..6, ethertype, vec(any::<u8>(), 0..60), 0u32..100, 0usize..80).prop_map(
        |(to, from, ethertype, payload, more, visible)| {
            let destination = if to == 0xff { [0xff; 6] } else { [2, 0, 0, 0, 0, to] };
            let mut bytes = [&destination[..], &[2, 0, 0, 0, 0, from], &ethertype, &payload].concat();
            let wire = u32::try_from(bytes.len()).expect("short") + more;
            bytes.truncate(visible);
            (bytes, wire)
        },
    )
}

fn counted(frames: &[(Vec<u8>, u32)]) -> Delta {
    let mut tally = Tally::default();
    frames.iter().for_each(|(bytes, wire)| tally.count(&Captured::new(bytes, *wire), None));
    tally.into_delta()
}

fn joined(deltas: impl Iterator<Item = Delta>) -> Delta {
    deltas.fold(Delta::default(), |mut all, delta| {
        all.seen.add(delta.seen);
        all.unattributed.add(delta.unattributed);
        for (reason, counts) in delta.malformed {
            all.malformed.entry(reason).or_default().add(counts);
        }
        for (oddity, counts) in delta.odd {
            all.odd.entry(oddity).or_default().add(counts);
        }
        all.pairs.extend(delta.pairs);
        all
    })
}

proptest! {
    #[test]
    fn any_batching_of_frames_gives_the_same_matrix(frames in vec(frame(), 0..60), batch in 1usize..20) {
        let registry = registry();
        let at_once = counted(&frames);
        let batched = joined(frames.chunks(batch).map(counted));
        prop_assert_eq!(at_once.accounted(), at_once.seen);
        prop_assert_eq!(at_once.seen.packets, frames.len() as u64);
        for by in By::ALL {
            let [left, right] = [&at_once, &batched]
                .map(|delta| Matrix::new(delta, &registry, by, Filter::default(), Span::default()));
            let mut sum = left.attributed().counts;
            sum.add(left.frames.malformed.counts);
            sum.add(left.frames.unattributed.counts);
            prop_assert_eq!(sum, left.frames.seen.counts);
            prop_assert_eq!(&left.frames, &right.frames);
            prop_assert_eq!(&left.cells, &right.cells);
        }
    }
}
