//! A matrix in, CSV out: quoted as RFC 4180 says, lines ended as other tools of the shell do, by LF.

use std::io::{self, Write};

use super::column::{Column, Value, columns};
use super::{Cell, Matrix};
use crate::format::quoted;

/// Writes a header line and a line per cell; an unknown value is an empty field. Broken rules are other
/// lines, and not among them. Cells that are sampled have three fields more.
///
/// # Errors
/// Those of `out`.
pub fn write(matrix: &Matrix<'_>, out: &mut impl Write) -> io::Result<()> {
    let columns = columns(matrix);
    header("", &columns, out)?;
    matrix.cells.iter().try_for_each(|cell| line("", &columns, Some(cell), out))
}

/// The header line; `before` stands before it.
pub(super) fn header(before: &str, columns: &[Column], out: &mut impl Write) -> io::Result<()> {
    out.write_all(before.as_bytes())?;
    for (at, column) in columns.iter().enumerate() {
        field(at, Some(Value::Text(column.name())), out)?;
    }
    writeln!(out)
}

/// The line of a cell, or one that has nothing; `before` stands before it.
pub(super) fn line(
    before: &str,
    columns: &[Column],
    cell: Option<&Cell<'_>>,
    out: &mut impl Write,
) -> io::Result<()> {
    out.write_all(before.as_bytes())?;
    for (at, column) in columns.iter().enumerate() {
        field(at, cell.and_then(|cell| column.value(cell)), out)?;
    }
    writeln!(out)
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
