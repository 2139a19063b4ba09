//! Matrices of one step after the other in, one answer that has all of them out: CSV, JSON, Parquet, tables.

use std::io::{self, Write};

use jiff::Timestamp;

use super::column::columns;
use super::dto::MatrixDto;
use super::parquet::{self, File, io_error};
use super::{Format, Matrix, csv, table};

/// Cells that a table shows of each step.
const LINES: usize = 20;

/// An answer that is written step by step.
pub struct Writer<W: Write + Send> {
    out: Option<W>,
    kind: Kind<W>,
    step: &'static str,
    written: u64,
}

enum Kind<W: Write + Send> {
    Table,
    Json,
    Csv,
    /// Begun with the first step.
    Parquet(Option<Box<File<W>>>),
}

impl<W: Write + Send> Writer<W> {
    /// An answer in a format; `None` for a square, which is of one time.
    pub fn new(format: Format, step: &'static str, out: W) -> Option<Self> {
        let kind = match format {
            Format::Table => Kind::Table,
            Format::Json => Kind::Json,
            Format::Csv => Kind::Csv,
            Format::Parquet => Kind::Parquet(None),
            Format::Dense => return None,
        };
        Some(Self { out: Some(out), kind, step, written: 0 })
    }

    /// Writes the next step, whose span the matrix has, and of which so many milliseconds were observed.
    ///
    /// # Errors
    /// Those of what it is written to.
    pub fn write(&mut self, matrix: &Matrix<'_>, observed: i64) -> io::Result<()> {
        let is_first = self.written == 0;
        self.written += 1;
        if let Kind::Parquet(file) = &mut self.kind {
            if let Some(out) = self.out.take() {
                let begun = File::create(matrix, parquet::basics(matrix), true, out).map_err(io_error)?;
                *file = Some(Box::new(begun));
            }
            return file
                .as_mut()
                .map_or(Ok(()), |file| file.append(matrix, Some(observed)).map_err(io_error));
        }
        let Some(out) = &mut self.out else { return Ok(()) };
        match &self.kind {
            Kind::Parquet(_) => Ok(()),
            Kind::Csv => lines(matrix, observed, is_first, out),
            Kind::Json => {
                match is_first {
                    true => write!(out, "{{\"step\":\"{}\",\"matrices\":[", self.step)?,
                    false => out.write_all(b",")?,
                }
                Ok(serde_json::to_writer(out, &MatrixDto::from(matrix))?)
            }
            Kind::Table => {
                if !is_first {
                    writeln!(out)?;
                }
                table::write(matrix, LINES, out)
            }
        }
    }

    /// Writes the end. What it was written to is there until this is dropped.
    ///
    /// # Errors
    /// Those of what it is written to.
    pub fn end(&mut self) -> io::Result<()> {
        if let Kind::Parquet(file) = &mut self.kind
            && let Some(file) = file.take()
        {
            self.out = Some(file.finish().map_err(io_error)?);
        }
        let Some(out) = &mut self.out else { return Ok(()) };
        if let Kind::Json = self.kind {
            out.write_all(b"]}\n")?;
        }
        out.flush()
    }
}

/// The lines of a step. One without cells has a line of its own, so that nothing differs from unknown.
fn lines(matrix: &Matrix<'_>, observed: i64, is_first: bool, out: &mut impl Write) -> io::Result<()> {
    let at = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let before = format!("{},{},{observed},", at(matrix.span.from), at(matrix.span.to));
    let columns = columns(matrix);
    if is_first {
        csv::header("from_time,to_time,observed_ms,", &columns, out)?;
    }
    if matrix.cells.is_empty() {
        return csv::line(&before, &columns, None, out);
    }
    matrix.cells.iter().try_for_each(|cell| csv::line(&before, &columns, Some(cell), out))
}
