//! Rust source in, words and marks with their lines out: no comments, no literals.

/// A word or a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// An identifier, `::`, or one character.
    pub(super) text: &'a str,
    /// Counted from 1.
    pub(super) line: usize,
}

/// The tokens of `source`.
pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(first) = rest.chars().next() {
        let len = match literal_or_comment(rest) {
            Some(len) => len,
            None if first.is_whitespace() => first.len_utf8(),
            None => {
                let len = token_len(rest);
                found.push(Token { text: &rest[..len], line });
                len
            }
        };
        line += rest[..len].matches('\n').count();
        rest = &rest[len..];
    }
    found
}

/// The tokens without the items under `#[cfg(test)]`.
pub(super) fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    const CFG_TEST: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at..].iter().map(|token| token.text).take(CFG_TEST.len()).eq(CFG_TEST) {
            at += CFG_TEST.len();
            at += item_len(&tokens[at..]);
        } else {
            kept.push(tokens[at]);
            at += 1;
        }
    }
    kept
}

/// Tokens up to the end of the item that starts here: its `;`, or the brace that closes it.
fn item_len(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && (token.text == ";" || token.text == "}") {
            return at + 1;
        }
    }
    tokens.len()
}

fn token_len(rest: &str) -> usize {
    let word = word_len(rest);
    match word {
        0 if rest.starts_with("::") => 2,
        0 => rest.chars().next().map_or(0, char::len_utf8),
        len => len,
    }
}

fn word_len(rest: &str) -> usize {
    rest.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(rest.len())
}

fn literal_or_comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(rest.find("*/").map_or(rest.len(), |end| end + 2));
    }
    if let Some(len) = raw_string(rest) {
        return Some(len);
    }
    let prefix = usize::from(["b\"", "c\"", "b'"].iter().any(|prefix| rest.starts_with(prefix)));
    match rest[prefix..].chars().next()? {
        '"' => Some(prefix + quoted(&rest[prefix..], '"')),
        '\'' => Some(prefix + char_or_lifetime(&rest[prefix..])),
        _ => None,
    }
}

fn raw_string(rest: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        let after = rest.strip_prefix(prefix).map(|after| after.trim_start_matches('#'));
        after.is_some_and(|after| after.starts_with('"'))
    })?;
    let hashes = rest[prefix.len()..].bytes().take_while(|byte| *byte == b'#').count();
    let start = prefix.len() + hashes + 1;
    let close = format!("\"{}", "#".repeat(hashes));
    Some(rest[start..].find(&close).map_or(rest.len(), |end| start + end + close.len()))
}

/// The length of a literal between two of `quote`, both included.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, char) in rest.char_indices().skip(1) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if char == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// `'a'` and `'\n'` are characters, `'a` is a lifetime.
fn char_or_lifetime(rest: &str) -> usize {
    let mut chars = rest.chars().skip(1);
    match (chars.next(), chars.next()) {
        (Some('\\'), _) | (_, Some('\'')) => quoted(rest, '\''),
        _ => 1 + word_len(&rest[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &[(&str, usize)]) {
        let found: Vec<_> = tokens(source).into_iter().map(|token| (token.text, token.line)).collect();
        assert_eq!(found, expected, "{source}");
    }

    #[test]
    fn comments_and_literals_are_no_tokens() {
        check("a // use b\n/* c\n */ d", &[("a", 1), ("d", 3)]);
        check("\"todo!\" 'x' '\\'' b\"\\\"\" e", &[("e", 1)]);
        check("r#\"use \" f\"# br\"g\" r::h", &[("r", 1), ("::", 1), ("h", 1)]);
        check("&'static str", &[("&", 1), ("str", 1)]);
    }

    #[test]
    fn items_for_tests_are_left_out() {
        let source = "use a; #[cfg(test)] mod tests { fn b() { {} } } use c; #[cfg(test)] use d; use e;";
        let all = tokens(source);
        let words: Vec<_> = without_tests(&all).into_iter().map(|token| token.text).collect();
        assert_eq!(words, ["use", "a", ";", "use", "c", ";", "use", "e", ";"]);
    }
}
