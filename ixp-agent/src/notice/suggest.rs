//! Finds the word that was probably meant.

/// Longer words are no slip of the finger, and comparing them costs their product.
const LONGEST: usize = 64;

/// `; did you mean "macs"?`, or nothing if no candidate is near.
#[must_use]
pub fn did_you_mean<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<String> {
    closest(word, candidates).map(|near| format!("; did you mean {near:?}?"))
}

/// The candidate that a third of the word's letters or less tell from it.
fn closest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if word.len() > LONGEST {
        return None;
    }
    let lower = word.to_lowercase();
    let most = (lower.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_meant_and_none_if_all_are_far() {
        let cases = [
            ("macz", Some("macs")),
            ("Macs", Some("macs")),
            ("prot", Some("port")),
            ("colour", None),
            ("", None),
        ];
        for (word, expected) in cases {
            assert_eq!(closest(word, ["macs", "port", "speed"]), expected, "{word}");
        }
    }
}
