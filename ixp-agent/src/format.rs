//! Numbers and names in, the few letters out that people and spreadsheets read.

use std::borrow::Cow;

/// A part of one, as `0.42%` or `12%`; what is beyond itself is no figure any more.
#[must_use]
pub fn percent(part: f64) -> String {
    let percent = part * 100.0;
    match percent {
        0.0..0.995 => format!("{percent:.2}%"),
        0.995..9.95 => format!("{percent:.1}%"),
        9.95..100.0 => format!("{percent:.0}%"),
        _ => ">100%".to_owned(),
    }
}

/// A text without control characters, cut to so many letters; that it was cut shows.
#[must_use]
pub fn clipped(text: &str, width: usize) -> String {
    let mut letters = text.chars().filter(|letter| !letter.is_control());
    let mut name: String = letters.by_ref().take(width).collect();
    if letters.next().is_some() {
        name.pop();
        name.push('…');
    }
    name
}

/// `1234567` as `1,234,567`.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So much of a unit in powers of 1000, three digits, cut: `999 B`, `1.23 MB`.
#[must_use]
pub fn human(amount: u64, unit: &str) -> String {
    const PREFIXES: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];
    let power = amount.checked_ilog10().unwrap_or(0) / 3;
    let prefix = PREFIXES[power as usize];
    let one = 1000u64.pow(power);
    let whole = amount / one;
    let hundredths = u128::from(amount % one) * 100 / u128::from(one);
    let text = match (power, whole) {
        (0, _) | (_, 100..) => format!("{whole} {prefix}{unit}"),
        (_, 10..) => format!("{whole}.{} {prefix}{unit}", hundredths / 10),
        _ => format!("{whole}.{hundredths:02} {prefix}{unit}"),
    };
    text.trim_end().to_owned()
}

/// RFC 4180 §2.6, §2.7: a text with a comma, a quote or a line end is quoted, its quotes doubled.
#[must_use]
pub fn quoted(text: &str) -> Cow<'_, str> {
    if text.contains([',', '"', '\r', '\n']) {
        Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (123_456, "123,456"),
            (1_234_567, "1,234,567"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ];
        for (number, text) in cases {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn bytes_keep_three_digits_and_are_cut_not_rounded() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.00 kB"),
            (12_345, "12.3 kB"),
            (999_999, "999 kB"),
            (1_000_000, "1.00 MB"),
            (1_234_567_890, "1.23 GB"),
            (u64::MAX, "18.4 EB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(human(bytes, "B"), text);
        }
    }

    #[test]
    fn a_label_is_quoted_only_where_it_has_to_be() {
        assert_eq!(quoted("AS64500@peering#2"), "AS64500@peering#2");
        assert_eq!(quoted("AS64500@lan, \"new\""), "\"AS64500@lan, \"\"new\"\"\"");
    }

    #[test]
    fn a_long_name_is_clipped_and_says_so() {
        assert_eq!(clipped("AS64500 Short", 24), "AS64500 Short");
        assert_eq!(clipped("AS64500 A Very Long Name Incorporated", 24), "AS64500 A Very Long Nam…");
    }
}
