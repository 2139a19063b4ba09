//! A matrix in, CSV out: quoted as RFC 4180 says, lines ended as other tools of the shell do, by LF.

use std::borrow::Cow;
use std::io::{self, Write};

use super::Matrix;
use super::column::{Value, columns};

/// Writes a header line and a line per cell; an unknown value is an empty field. Broken rules are other
/// lines, and not among them. Cells that are sampled have three fields more.
///
/// # Errors
/// Those of `out`.
pub fn write(matrix: &Matrix<'_>, out: &mut impl Write) -> io::Result<()> {
    let columns = columns(matrix);
    for (at, column) in columns.iter().enumerate() {
        field(at, Some(Value::Text(column.name())), out)?;
    }
    writeln!(out)?;
    for cell in &matrix.cells {
        for (at, column) in columns.iter().enumerate() {
            field(at, column.value(cell), out)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn field(at: usize, value: Option<Value<'_>>, out: &mut impl Write) -> io::Result<()> {
    if at > 0 {
        out.write_all(b",")?;
    }
    match value {
        None => Ok(()),
        Some(Value::Number(number)) => write!(out, "{number}"),
        Some(Value::Part(part)) => write!(out, "{part}"),
        Some(Value::Text(text)) => out.write_all(quoted(text).as_bytes()),
        Some(Value::Mac(mac)) => write!(out, "{mac}"),
    }
}

/// RFC 4180 §2.6, §2.7: a text with a comma, a quote or a line end is quoted, its quotes doubled.
pub(super) fn quoted(text: &str) -> Cow<'_, str> {
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
    fn a_label_is_quoted_only_where_it_has_to_be() {
        assert_eq!(quoted("AS64500@peering#2"), "AS64500@peering#2");
        assert_eq!(quoted("AS64500@lan, \"new\""), "\"AS64500@lan, \"\"new\"\"\"");
    }
}
