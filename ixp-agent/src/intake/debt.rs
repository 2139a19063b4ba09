//! Samples that were lost on their way in, how many frames the next ones stand for out.

/// Part of what is owed that one sample makes up for: a burst of losses spreads over the samples behind it.
const SHARE: u32 = 16;
/// Samples that are owed at most.
const MOST_OWED: u32 = 1 << 20;

/// What is known of the samples of one source.
#[derive(Debug, Clone, Default)]
pub(super) struct Debt {
    /// The number of the last sample.
    sequence: u32,
    /// Samples that the agent itself had lost by then.
    drops: u32,
    /// Datagrams that were lost by then.
    lost_before: u64,
    owed: u32,
}

/// What a sample says of those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Lost {
    /// Samples that were lost with their datagrams.
    pub(super) on_the_way: u32,
    /// Samples that the agent lost.
    pub(super) by_the_agent: u32,
    /// Numbers that were passed over though no datagram was lost; nothing is made of those.
    pub(super) unexplained: u32,
}

/// What is known of the way that datagrams took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    /// Datagrams that were lost so far and are to be made up for.
    pub(super) lost: u64,
    /// The most samples that one datagram had.
    pub(super) most: u32,
    /// Whether so long was nothing heard that what was lost is of another time.
    pub(super) is_after_silence: bool,
}

impl Debt {
    /// A source whose first sample this is.
    pub(super) fn new(sequence: u32, drops: u32, way: Way) -> Self {
        Self { sequence, drops, lost_before: way.lost, owed: 0 }
    }

    /// Takes a sample of a datagram that came in its turn.
    pub(super) fn sample(&mut self, sequence: u32, drops: u32, way: Way) -> Lost {
        let ahead = sequence.wrapping_sub(self.sequence);
        let is_anew = ahead == 0 || ahead > i32::MAX.cast_unsigned();
        if is_anew {
            *self = Self::new(sequence, drops, way);
            return Lost::default();
        }
        let skipped = ahead - 1;
        let datagrams = way.lost.saturating_sub(self.lost_before);
        let explained = datagrams.saturating_mul(u64::from(way.most)).min(u64::from(skipped));
        let on_the_way = u32::try_from(explained).unwrap_or(u32::MAX);
        let dropped = drops.wrapping_sub(self.drops);
        let by_the_agent = if dropped > MOST_OWED { 0 } else { dropped };
        let owed = self.owed.saturating_add(on_the_way).saturating_add(by_the_agent).min(MOST_OWED);
        let owed = if way.is_after_silence { 0 } else { owed };
        *self = Self { sequence, drops, lost_before: way.lost, owed };
        Lost { on_the_way, by_the_agent, unexplained: skipped - on_the_way }
    }

    /// How many samples one stands for: itself, and its share of those that were lost.
    pub(super) fn pay(&mut self) -> u32 {
        let share = self.owed.div_ceil(SHARE);
        self.owed -= share;
        1 + share
    }

    /// Takes a sample that was counted as lost; whether it is still owed, and others do not stand for it yet.
    pub(super) fn is_owed(&mut self) -> bool {
        let is_owed = self.owed > 0;
        self.owed -= u32::from(is_owed);
        is_owed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SOUND: Way = Way { lost: 0, most: 5, is_after_silence: false };

    #[test]
    fn what_was_lost_on_the_way_is_bounded_by_what_fits_its_datagrams() {
        let mut debt = Debt::new(10, 0, SOUND);
        let lost = debt.sample(23, 0, Way { lost: 2, ..SOUND });
        assert_eq!(lost, Lost { on_the_way: 10, by_the_agent: 0, unexplained: 2 });
        let lost = debt.sample(26, 0, Way { lost: 2, ..SOUND });
        assert_eq!(
            lost,
            Lost { unexplained: 2, ..Lost::default() },
            "the same datagrams explain nothing twice"
        );
    }

    #[test]
    fn what_the_agent_lost_counts_and_a_counter_that_begins_anew_does_not() {
        let mut debt = Debt::new(1, 7, SOUND);
        assert_eq!(debt.sample(2, 10, SOUND).by_the_agent, 3);
        assert_eq!(debt.sample(3, 0, SOUND).by_the_agent, 0);
        assert_eq!(debt.sample(3, 0, SOUND), Lost::default(), "a number that does not grow begins anew");
        assert_eq!(debt.pay(), 1);
    }

    #[test]
    fn what_was_lost_in_a_long_silence_is_not_put_into_the_present() {
        let mut debt = Debt::new(1, 0, SOUND);
        let lost = debt.sample(3, 9, Way { lost: 1, is_after_silence: true, ..SOUND });
        assert_eq!((lost.on_the_way, lost.by_the_agent, debt.pay()), (1, 9, 1));
    }

    #[test]
    fn a_late_sample_pays_for_itself_while_it_is_owed() {
        let mut debt = Debt::new(1, 0, SOUND);
        let _lost = debt.sample(4, 0, Way { lost: 1, ..SOUND });
        assert_eq!([debt.is_owed(), debt.is_owed(), debt.is_owed()], [true, true, false]);
        assert_eq!(debt.pay(), 1);
    }

    proptest! {
        #[test]
        fn samples_stand_for_each_other_and_all_that_were_lost(
            steps in proptest::collection::vec((1u32..30, 0u32..3), 1..100),
        ) {
            let mut debt = Debt::new(0, 0, SOUND);
            let (mut sequence, mut drops, mut stands) = (0, 0, 0u64);
            for (ahead, dropped) in &steps {
                (sequence, drops) = (sequence + ahead, drops + dropped);
                let way = Way { lost: u64::from(sequence), most: 1, ..SOUND };
                prop_assert_eq!(debt.sample(sequence, drops, way).unexplained, 0);
                stands += u64::from(debt.pay());
            }
            stands += u64::from(debt.owed);
            prop_assert_eq!(stands, u64::from(sequence) + u64::from(drops));
        }
    }
}
