//! Numbers that grow by one in, what of them is new, late, said twice or never heard out.

/// Numbers behind the last one that are still waited for.
const PATIENCE: u32 = 64;
/// Numbers passed over at once that are still a loss. More are numbers given anew: no host takes in as many datagrams
/// as are lost then.
const MOST_LOST: u32 = 1 << 16;

/// What a number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The next one, or one further on: so many between them were not heard.
    Next {
        /// How many.
        lost: u32,
    },
    /// One that was counted as lost.
    Late,
    /// One from before the first that was heard.
    Early,
    /// One that was heard before.
    Twice,
    /// One of another series: whoever numbers has begun anew.
    Anew,
}

/// The numbers of one series.
#[derive(Debug, Clone)]
pub(super) struct Sequence {
    last: u32,
    /// Bit n: whether the last number less n was heard.
    heard: u64,
    /// How far the first number lies behind the last, [`PATIENCE`] at most.
    length: u32,
    /// By number modulo [`PATIENCE`]: what was said along with it.
    marks: [u32; PATIENCE as usize],
}

impl Sequence {
    /// A series whose first number that is heard is this. What is before it is not waited for.
    pub(super) fn new(first: u32, mark: u32) -> Self {
        let mut marks = [0; PATIENCE as usize];
        marks[place(first)] = mark;
        Self { last: first, heard: 1, length: 0, marks }
    }

    /// Takes a number. `mark` is said along with it, and the same each time if a datagram comes twice: a number that
    /// comes with another mark is that of another series.
    pub(super) fn step(&mut self, number: u32, mark: u32) -> Step {
        let ahead = number.wrapping_sub(self.last);
        if (1..=MOST_LOST).contains(&ahead) {
            self.heard = self.heard.checked_shl(ahead).unwrap_or(0) | 1;
            self.length = (self.length + ahead).min(PATIENCE);
            self.last = number;
            self.marks[place(number)] = mark;
            return Step::Next { lost: ahead - 1 };
        }
        let behind = self.last.wrapping_sub(number);
        if behind < PATIENCE {
            let bit = 1 << behind;
            if self.heard & bit == 0 {
                self.heard |= bit;
                self.marks[place(number)] = mark;
                return if behind > self.length { Step::Early } else { Step::Late };
            }
            if self.marks[place(number)] == mark {
                return Step::Twice;
            }
        }
        *self = Self::new(number, mark);
        Step::Anew
    }
}

const fn place(number: u32) -> usize {
    (number % PATIENCE) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use Step::{Anew, Early, Late, Next, Twice};
    use proptest::prelude::*;

    /// The steps of numbers after a first one; each is said at the time ten times its number.
    fn check(first: u32, numbers: &[u32], expected: &[Step]) {
        let mark = |number: u32| number.wrapping_mul(10);
        let mut sequence = Sequence::new(first, mark(first));
        let steps: Vec<Step> = numbers.iter().map(|number| sequence.step(*number, mark(*number))).collect();
        assert_eq!(steps, expected, "{numbers:?}");
    }

    #[test]
    fn what_is_passed_over_is_lost_until_it_comes_late() {
        check(
            7,
            &[8, 11, 10, 10, 9, 12],
            &[Next { lost: 0 }, Next { lost: 2 }, Late, Twice, Late, Next { lost: 0 }],
        );
    }

    #[test]
    fn what_was_overtaken_by_the_first_is_no_loss_and_no_other_series() {
        check(
            100,
            &[99, 97, 99, 102, 98, 101, 103],
            &[Early, Early, Twice, Next { lost: 1 }, Early, Late, Next { lost: 0 }],
        );
    }

    #[test]
    fn numbers_wrap() {
        check(u32::MAX - 1, &[u32::MAX, 1, 0], &[Next { lost: 0 }, Next { lost: 1 }, Late]);
    }

    #[test]
    fn far_back_and_far_ahead_are_another_series() {
        check(1000, &[10, 11, 1 << 20, (1 << 20) + 1], &[Anew, Next { lost: 0 }, Anew, Next { lost: 0 }]);
    }

    #[test]
    fn the_same_number_at_another_time_is_another_series() {
        let mut sequence = Sequence::new(1, 0);
        assert_eq!(sequence.step(2, 100), Next { lost: 0 });
        assert_eq!(sequence.step(1, 5), Anew);
        assert_eq!(sequence.step(2, 105), Next { lost: 0 });
    }

    proptest! {
        #[test]
        fn whatever_the_order_each_number_is_heard_once_and_lost_or_heard(
            first in any::<u32>(),
            swaps in proptest::collection::vec(0usize..30, 40),
            missing in proptest::collection::btree_set(1u32..40, 0..20),
        ) {
            let mut numbers: Vec<u32> = (1..=40).filter(|number| !missing.contains(number)).collect();
            for (at, by) in swaps.into_iter().enumerate().take(numbers.len()) {
                let other = (at + by).min(numbers.len() - 1);
                numbers.swap(at, other);
            }
            let mut sequence = Sequence::new(first, 0);
            let (mut lost, mut heard) = (0, 0);
            let mut last = 0;
            for number in &numbers {
                match sequence.step(first.wrapping_add(*number), *number) {
                    Next { lost: now } => (lost, heard) = (lost + now, heard + 1),
                    Late => (lost, heard) = (lost - 1, heard + 1),
                    Early | Twice | Anew => prop_assert!(false, "{} in {:?}", number, numbers),
                }
                last = last.max(*number);
            }
            prop_assert_eq!(heard, u32::try_from(numbers.len()).expect("few"));
            prop_assert_eq!(lost + heard, last);
            for number in &numbers {
                prop_assert_eq!(sequence.step(first.wrapping_add(*number), *number), Twice);
            }
        }
    }
}
