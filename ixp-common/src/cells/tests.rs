//! Keys, cells and notes as they were made; and how full a table may be.

use super::*;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

fn keys() -> impl Strategy<Value = (u16, u16, VlanId, Family)> {
    let number = || 1u16..1 << NUMBER_BITS;
    let vlan = (0u16..4096).prop_map(VlanId::from_tci);
    (number(), number(), vlan, (0usize..4).prop_map(|at| Family::ALL[at]))
}

proptest! {
    #[test]
    fn a_key_has_what_it_was_made_of((source, destination, vlan, family) in keys()) {
        let key = CellKey::new(source, destination, vlan, family);
        prop_assert_eq!(
            (key.source(), key.destination(), key.vlan(), key.family()),
            (source, destination, vlan, family)
        );
    }

    #[test]
    fn a_cell_counts_and_stays_its_keys(
        (source, destination, vlan, family) in keys(), other in keys(), frames in proptest::collection::vec(any::<u32>(), 1..50)
    ) {
        let key = CellKey::new(source, destination, vlan, family);
        let other = CellKey::new(other.0, other.1, other.2, other.3);
        let mut cell = Cell::first(key, frames[0]);
        let mut sum = Counts::frame(frames[0]);
        for bytes in &frames[1..] {
            cell = cell.with_frame(*bytes);
            sum.add_frame(*bytes);
        }
        prop_assert_eq!((cell.key(), cell.counts()), (Some(key), sum));
        prop_assert!(cell.is_of(key) && !cell.is_free());
        prop_assert_eq!(cell.is_of(other), key == other);
        let [first, second] = cell.words();
        prop_assert_eq!(Cell::from_words([first, 0]).key(), None);
        prop_assert_eq!(Cell::from_words([0, second]).key(), None);
    }

    #[test]
    fn a_cell_that_wraps_keeps_its_key_and_still_gives_its_growth(
        (source, destination, vlan, family) in keys(), bytes in 1u32.., before in 0u64..9
    ) {
        let key = CellKey::new(source, destination, vlan, family);
        let [first, second] = Cell::first(key, 0).words();
        let mut cell = Cell::from_words([first & !PACKETS | (PACKETS - before), second | (BYTES - before)]);
        let told = cell.counts();
        for _ in 0..10 {
            cell = cell.with_frame(bytes);
        }
        prop_assert_eq!(cell.key(), Some(key));
        let grown = Counts { packets: 10, bytes: 10 * u64::from(bytes) };
        prop_assert_eq!(growth(cell.counts(), told), grown);
    }

    #[test]
    fn the_short_way_counts_as_the_long_one_or_not_at_all(
        (source, destination, vlan, family) in keys(), other in keys(), bytes in 0..=Note::LONGEST,
        packets_left in prop_oneof![Just(0), 1..=PACKETS], bytes_left in prop_oneof![0..=u64::from(Note::LONGEST), 0..=BYTES]
    ) {
        let key = CellKey::new(source, destination, vlan, family);
        let [first, second] = Cell::first(key, 0).words();
        let cell = Cell::from_words([first & !PACKETS | (PACKETS - packets_left), second | (BYTES - bytes_left)]);
        prop_assert_eq!(cell.distance(key), 0);
        let wraps = packets_left == 0 || bytes_left < u64::from(bytes);
        prop_assert_eq!(cell.counted(key, bytes), (!wraps).then(|| cell.with_frame(bytes)));
        for stranger in [
            CellKey::new(other.0, other.1, other.2, other.3),
            CellKey::new(source, destination, other.2, other.3),
            CellKey::new(source, other.1, vlan, family),
            // The next numbers, which are this key's if its packets run over.
            CellKey::new(source, destination.wrapping_add(1), vlan, family),
        ] {
            prop_assert_eq!(cell.distance(stranger) == 0, (stranger.source(), stranger.destination()) == (source, destination));
            prop_assert_eq!(cell.counted(stranger, 0).is_some(), packets_left != 0 && stranger == key);
        }
    }

    #[test]
    fn a_note_has_what_it_was_made_of(
        (source, destination, vlan, family) in keys(), slot in 0u32..256, bytes in 0..=Note::LONGEST, lap: u64
    ) {
        let key = CellKey::new(source, destination, vlan, family);
        let note = Note::new(key, slot, bytes, lap);
        prop_assert_eq!((note.key(), note.slot(), note.bytes()), (key, slot, bytes));
        prop_assert!(note.is_of(lap) && !note.is_of(lap.wrapping_add(1)) && !note.is_of(lap.wrapping_sub(1)));
        let before = Note::new(key, slot, bytes, lap.wrapping_sub(1));
        prop_assert!(!Note::from_words([note.words()[0], before.words()[1]]).is_of(lap));
        prop_assert!(!Note::from_words([before.words()[0], note.words()[1]]).is_of(lap));
        prop_assert!(!Note::default().is_of(lap));
    }

    #[test]
    fn probes_are_two_whole_buckets(
        (source, destination, vlan, family) in keys(), cells in 1u32..
    ) {
        let lines = lines_for(cells);
        let spread = CellKey::new(source, destination, vlan, family).spread();
        let probes: Vec<u32> = (0..PROBES).map(|probe| spread.line(probe, lines)).collect();
        prop_assert!(probes.iter().all(|line| *line < lines), "{probes:?} of {lines}");
        prop_assert_eq!((probes[0] ^ 1, probes[2] ^ 1), (probes[1], probes[3]));
    }
}

/// Cells of a full table that find no place, per thousand.
fn without_place(keys: impl Iterator<Item = CellKey>, cells: u32) -> u32 {
    let lines = lines_for(cells);
    let mut fill = vec![0usize; lines as usize];
    let mut lost = 0u32;
    for key in keys.take(cells as usize) {
        let spread = key.spread();
        let mut probes = (0..PROBES).map(|probe| spread.line(probe, lines) as usize);
        match probes.find(|line| fill[*line] < LINE_CELLS) {
            Some(line) => fill[line] += 1,
            None => lost += 1,
        }
    }
    lost * 1000 / cells
}

#[test]
fn a_full_table_has_a_place_for_nearly_every_cell() {
    let mesh = |members: u16, vlan: u16| {
        (1..=members).flat_map(move |source| {
            let others = (1..=members).filter(move |destination| *destination != source);
            others.flat_map(move |destination| {
                let key = move |family| CellKey::new(source, destination, VlanId::from_tci(vlan), family);
                [key(Family::Ipv4), key(Family::Ipv6)]
            })
        })
    };
    for (members, cells) in [(100, 19_800), (363, 1 << 18), (800, 1 << 20), (2500, 1 << 20)] {
        for vlan in [0, 100] {
            let lost = without_place(mesh(members, vlan), cells);
            assert!(lost <= 10, "{cells} cells of {members} members: {lost} per thousand without a place");
        }
    }
}

#[test]
fn places_are_half_as_many_again_as_cells() {
    for cells in [1, 100, 1 << 18, 1 << 20, 3_000_000] {
        let places = u64::from(lines_for(cells)) * LINE_CELLS as u64;
        assert!(places * 2 >= u64::from(cells) * 3 && places * 2 < u64::from(cells) * 3 + 32, "{cells}");
    }
    assert_eq!(lines_for(u32::MAX), MOST_LINES);
}
