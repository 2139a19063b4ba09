//! Sets of rules, a bit each.

use super::{Group, RULES, Rule};

/// A set of rules, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[repr(transparent)]
pub struct RuleSet(u64);

const _: () = assert!(RULES < 64);

impl RuleSet {
    /// No rule.
    pub const EMPTY: Self = Self(0);
    /// Bit 63, which is no rule's: BPF compilers clear 16 bytes by a loop.
    pub(super) const RESERVED: Self = Self(1 << 63);

    /// The set of these rules.
    #[must_use]
    pub const fn of(rules: &[Rule]) -> Self {
        let mut set = Self(0);
        let mut at = 0;
        while at < rules.len() {
            set.0 |= 1 << rules[at] as u8;
            at += 1;
        }
        set
    }

    /// The set of all rules of a group.
    #[must_use]
    pub const fn group(group: Group) -> Self {
        let mut set = Self(0);
        let mut at = 0;
        while at < RULES {
            if Rule::ALL[at].group() as u8 == group as u8 {
                set.0 |= 1 << at;
            }
            at += 1;
        }
        set
    }

    /// The rules for which somebody should be woken.
    pub const CRITICAL: Self = {
        let mut set = Self(0);
        let mut at = 0;
        while at < RULES {
            if Rule::ALL[at].is_critical() {
                set.0 |= 1 << at;
            }
            at += 1;
        }
        set
    };

    /// Adds a rule.
    #[inline(always)]
    pub const fn insert(&mut self, rule: Rule) {
        self.0 |= 1 << rule as u8;
    }

    /// Adds a rule where `is_broken`, without a branch.
    #[inline(always)]
    pub const fn insert_if(&mut self, rule: Rule, is_broken: bool) {
        self.0 |= (is_broken as u64) << rule as u8;
    }

    /// The set of the rule of a number if `is_in`, else of none.
    #[inline(always)]
    #[must_use]
    pub const fn only_if(number: u8, is_in: bool) -> Self {
        Self((is_in as u64) << (number & 63))
    }

    /// Whether a rule is in the set.
    #[inline(always)]
    #[must_use]
    pub const fn contains(self, rule: Rule) -> bool {
        self.0 >> rule as u8 & 1 == 1
    }

    /// Whether there is none.
    #[inline(always)]
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many there are.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Those in either set.
    #[inline(always)]
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those in both sets.
    #[inline(always)]
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that are not in the other set.
    #[inline(always)]
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Takes out the first rule; gives its number.
    #[inline(always)]
    pub const fn take_first(&mut self) -> Option<u8> {
        if self.0 == 0 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 63")]
        let number = self.0.trailing_zeros() as u8;
        self.0 &= self.0 - 1;
        Some(number)
    }

    /// The bits, as a map holds them.
    #[inline(always)]
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The rules, in order.
    pub fn iter(self) -> impl Iterator<Item = Rule> {
        Rule::ALL.into_iter().filter(move |rule| self.contains(*rule))
    }
}

impl FromIterator<Rule> for RuleSet {
    fn from_iter<I: IntoIterator<Item = Rule>>(rules: I) -> Self {
        let mut set = Self::EMPTY;
        rules.into_iter().for_each(|rule| set.insert(rule));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_gives_back_what_was_put_in() {
        let rules = [Rule::L01, Rule::A12, Rule::I13];
        let mut set = RuleSet::of(&rules);
        assert!(set.iter().eq(rules));
        assert_eq!(rules.into_iter().collect::<RuleSet>(), set);
        assert_eq!(set.take_first(), Some(Rule::L01 as u8));
        assert_eq!(set.len(), 2);
        assert_eq!(set.without(RuleSet::of(&[Rule::A12])), RuleSet::of(&[Rule::I13]));
    }
}
