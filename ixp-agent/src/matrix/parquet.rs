//! A matrix in, a Parquet file out, for tools that take matrices away: duckdb, polars, pandas, ClickHouse.

use std::io::{self, Write};
use std::sync::Arc;

use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::column::writer::ColumnWriter;
use ::parquet::data_type::ByteArray;
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;
use jiff::Timestamp;

use super::column::{Column, Value, columns};
use super::{Cell, Figure, Frames, Matrix};

/// Of what stands in the footer and of the columns; grows when one of them changes its meaning.
const SCHEMA: &str = "1";
/// Rows that are compressed together.
const ROWS: usize = 1 << 20;

/// Writes a row per cell with the columns of CSV, and before those `from_time` and `to_time`, so that files of several
/// times can be read as one table. What is in no cell stands in the footer, with what a cell stands for.
///
/// # Errors
/// Those of `out`.
pub fn write(matrix: &Matrix<'_>, out: impl Write + Send) -> io::Result<()> {
    let mut file = File::create(matrix, footer(matrix), false, out).map_err(io_error)?;
    file.append(matrix, None).and_then(|()| file.finish()).map(drop).map_err(io_error)
}

/// What went wrong below Parquet, if it did.
pub(super) fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    }
}

/// A file that is written.
pub(super) struct File<W: Write + Send> {
    file: SerializedFileWriter<W>,
    columns: Vec<Column>,
    has_observed: bool,
}

impl<W: Write + Send> File<W> {
    /// Begins a file for matrices that have the columns of one. With `has_observed` there is a third column before those.
    pub(super) fn create(
        matrix: &Matrix<'_>,
        footer: Vec<KeyValue>,
        has_observed: bool,
        out: W,
    ) -> Result<Self, ParquetError> {
        let columns = columns(matrix);
        let schema = Arc::new(parse_message_type(&schema(&columns, has_observed))?);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .set_created_by(concat!("ixp-agent ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(Some(footer))
            .build();
        let file = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
        Ok(Self { file, columns, has_observed })
    }

    /// Writes a row for each cell; one that has no cell, if how long was observed is told and there is none.
    pub(super) fn append(&mut self, matrix: &Matrix<'_>, observed: Option<i64>) -> Result<(), ParquetError> {
        for cells in matrix.cells.chunks(ROWS) {
            let cells: Vec<Option<&Cell<'_>>> = cells.iter().map(Some).collect();
            self.group(matrix, observed, &cells)?;
        }
        if observed.is_some() && matrix.cells.is_empty() {
            self.group(matrix, observed, &[None])?;
        }
        Ok(())
    }

    fn group(
        &mut self,
        matrix: &Matrix<'_>,
        observed: Option<i64>,
        cells: &[Option<&Cell<'_>>],
    ) -> Result<(), ParquetError> {
        let mut rows = self.file.next_row_group()?;
        let moments = [matrix.span.from, matrix.span.to].map(|at| at.map(Timestamp::as_millisecond));
        for value in moments.into_iter().chain(self.has_observed.then_some(observed)) {
            let values = vec![value; cells.len()];
            next(&mut rows, |column| numbers(column, values.into_iter()))?;
        }
        for column in &self.columns {
            next(&mut rows, |writer| write_column(*column, cells, writer))?;
        }
        rows.close()?;
        Ok(())
    }

    /// Writes the end, and gives back what it was written to.
    pub(super) fn finish(self) -> Result<W, ParquetError> {
        self.file.into_inner()
    }
}

/// Hands over the next column of a row group, and closes it.
fn next<W: Write + Send>(
    rows: &mut ::parquet::file::writer::SerializedRowGroupWriter<'_, W>,
    write: impl FnOnce(&mut ColumnWriter<'_>) -> Result<(), ParquetError>,
) -> Result<(), ParquetError> {
    let more = || ParquetError::General("more columns than the schema has".to_owned());
    let mut column = rows.next_column()?.ok_or_else(more)?;
    write(column.untyped())?;
    column.close()
}

fn write_column(
    column: Column,
    cells: &[Option<&Cell<'_>>],
    writer: &mut ColumnWriter<'_>,
) -> Result<(), ParquetError> {
    let values = cells.iter().map(|cell| column.value((*cell)?));
    match writer {
        ColumnWriter::DoubleColumnWriter(writer) => {
            let (levels, parts) = split(values.map(|value| match value? {
                Value::Part(part) => Some(part),
                Value::Number(_) | Value::Text(_) | Value::Mac(_) => None,
            }));
            writer.write_batch(&parts, Some(&levels), None)?;
        }
        ColumnWriter::ByteArrayColumnWriter(writer) => {
            let (levels, texts) = split(values.map(|value| match value? {
                Value::Text(text) => Some(ByteArray::from(text)),
                Value::Mac(mac) => Some(ByteArray::from(mac.to_string().into_bytes())),
                Value::Number(_) | Value::Part(_) => None,
            }));
            writer.write_batch(&texts, Some(&levels), None)?;
        }
        _ => numbers(
            writer,
            values.map(|value| match value? {
                Value::Number(number) => Some(number.cast_signed()),
                Value::Part(_) | Value::Text(_) | Value::Mac(_) => None,
            }),
        )?,
    }
    Ok(())
}

/// Whole numbers, by their bits: the schema says whether they have a sign.
fn numbers(
    writer: &mut ColumnWriter<'_>,
    values: impl Iterator<Item = Option<i64>>,
) -> Result<(), ParquetError> {
    let (levels, numbers) = split(values);
    match writer {
        ColumnWriter::Int64ColumnWriter(writer) => writer.write_batch(&numbers, Some(&levels), None)?,
        ColumnWriter::Int32ColumnWriter(writer) => {
            #[expect(clippy::cast_possible_truncation, reason = "VLANs and AS numbers have 32 bits at most")]
            let numbers: Vec<i32> = numbers.into_iter().map(|number| number as i32).collect();
            writer.write_batch(&numbers, Some(&levels), None)?
        }
        _ => return Err(ParquetError::General("no column of numbers".to_owned())),
    };
    Ok(())
}

/// By row whether there is a value, and the values that there are.
fn split<T>(values: impl Iterator<Item = Option<T>>) -> (Vec<i16>, Vec<T>) {
    let mut there = Vec::new();
    let levels = values
        .map(|value| {
            let is_there = i16::from(value.is_some());
            there.extend(value);
            is_there
        })
        .collect();
    (levels, there)
}

/// The schema in Parquet's own words.
fn schema(columns: &[Column], has_observed: bool) -> String {
    let moments = ["from_time", "to_time"].map(|name| (name, "INT64", "TIMESTAMP(MILLIS,true)"));
    let observed = has_observed.then_some(("observed_ms", "INT64", ""));
    let columns = columns.iter().map(|column| {
        let (physical, logical) = kind(*column);
        (column.name(), physical, logical)
    });
    let mut text = "message matrix {\n".to_owned();
    for (name, physical, logical) in moments.into_iter().chain(observed).chain(columns) {
        text += &match logical {
            "" => format!("OPTIONAL {physical} {name};\n"),
            logical => format!("OPTIONAL {physical} {name} ({logical});\n"),
        };
    }
    text + "}"
}

/// How a column lies in a file, and what its readers take it for.
const fn kind(column: Column) -> (&'static str, &'static str) {
    match column {
        Column::Vlan => ("INT32", "INTEGER(16,false)"),
        Column::SrcAsn | Column::DstAsn => ("INT32", "INTEGER(32,false)"),
        Column::Packets | Column::Bytes | Column::Samples => ("INT64", "INTEGER(64,false)"),
        Column::RelativeError | Column::BytesRelativeError => ("DOUBLE", ""),
        Column::SrcMac
        | Column::DstMac
        | Column::SrcInterface
        | Column::DstInterface
        | Column::Lan
        | Column::SrcSwitch
        | Column::DstSwitch
        | Column::SrcFacility
        | Column::DstFacility
        | Column::Dst
        | Column::Family => ("BYTE_ARRAY", "STRING"),
    }
}

/// What the file says of all its rows, and of frames without one.
fn footer(matrix: &Matrix<'_>) -> Vec<KeyValue> {
    let Frames { seen, malformed, unattributed, reasons: _, odd: _ } = &matrix.frames;
    let frames = [("seen", seen), ("malformed", malformed), ("unattributed", unattributed)];
    let figure = |(name, Figure { counts, .. }): (&str, &Figure)| {
        [(format!("{name}_packets"), counts.packets), (format!("{name}_bytes"), counts.bytes)]
    };
    let frames = frames.into_iter().flat_map(figure).map(|(name, number)| said(&name, number.to_string()));
    // RFC 3339 on both sides of ISO 8601's solidus.
    let gaps: Vec<String> = matrix.gaps.iter().map(|(from, to)| format!("{from}/{to}")).collect();
    let gaps = said("gaps", gaps.join(" "));
    basics(matrix).into_iter().chain([gaps]).chain(frames).collect()
}

/// What the file says of all its rows.
pub(super) fn basics(matrix: &Matrix<'_>) -> Vec<KeyValue> {
    vec![
        said("schema", SCHEMA.to_owned()),
        said("by", matrix.by.name().to_owned()),
        said("source", matrix.source.name().to_owned()),
        said("byte_basis", super::BYTE_BASIS.to_owned()),
    ]
}

fn said(name: &str, text: String) -> KeyValue {
    KeyValue::new(format!("ixp.{name}"), text)
}
