//! An AS number in, the ifIndex that stands for its member in samples out: the same on every host and after every restart.

use super::Asn;

/// That of AS 0, far above what Linux counts interfaces by.
const FIRST: u32 = 100_000_000;
/// The first AS number for private use of 32 bits (RFC 6996), and its ifIndex.
const PRIVATE: (u32, u32) = (4_200_000_000, 970_000_000);
/// The first AS number without an ifIndex, below those for private use.
const END: u32 = PRIVATE.1 - FIRST;

/// The ifIndex of a member: 100,000,000 and its AS number; of a private one of 32 bits, 970,000,000 and what it has above
/// 4,200,000,000. `None` between 870,000,000 and that: IANA has given out none of those.
///
/// It fits the 30 bits that a compact flow sample has for it.
#[must_use]
pub const fn ifindex(asn: Asn) -> Option<u32> {
    match asn.0 {
        number if number < END => Some(FIRST + number),
        number if number >= PRIVATE.0 => Some(PRIVATE.1 + (number - PRIVATE.0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_ifindex_says_whose_it_is() {
        assert_eq!(ifindex(Asn(64500)), Some(100_064_500));
        assert_eq!(ifindex(Asn(4_200_000_001)), Some(970_000_001));
        assert_eq!(ifindex(Asn(869_999_999)), Some(969_999_999));
        assert_eq!(ifindex(Asn(870_000_000)), None);
    }

    proptest! {
        #[test]
        fn no_two_members_have_one_ifindex(one in any::<u32>(), other in any::<u32>()) {
            let [first, second] = [one, other].map(|number| ifindex(Asn(number)));
            prop_assert_eq!(first == second && first.is_some(), one == other && first.is_some());
            for index in [first, second].into_iter().flatten() {
                prop_assert!((FIRST..(1 << 30) - 1).contains(&index));
            }
        }
    }
}
