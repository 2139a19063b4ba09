//! Numbers as people read them.

/// 1234567 as `1,234,567`.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A bit rate with three figures: `9.81 Mbit/s`.
#[must_use]
pub fn bit_rate(bits_per_second: u64) -> String {
    let mut value = bits_per_second as f64;
    for unit in ["bit/s", "kbit/s", "Mbit/s", "Gbit/s"] {
        if value < 999.5 {
            let decimals = if unit == "bit/s" || value >= 99.95 {
                0
            } else if value >= 9.995 {
                1
            } else {
                2
            };
            return format!("{value:.decimals$} {unit}");
        }
        value /= 1000.0;
    }
    format!("{value:.2} Tbit/s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn a_bit_rate_has_three_figures() {
        let cases = [(0, "0 bit/s"), (950, "950 bit/s"), (9_810_000, "9.81 Mbit/s"), (98_100, "98.1 kbit/s")];
        for (rate, text) in cases {
            assert_eq!(bit_rate(rate), text);
        }
        assert_eq!(bit_rate(999_700), "1.00 Mbit/s");
        assert_eq!(bit_rate(123_400_000_000), "123 Gbit/s");
        assert_eq!(bit_rate(5_000_000_000_000), "5.00 Tbit/s");
    }
}
