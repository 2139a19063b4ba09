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
    written(matrix, out).map_err(|error| match error {
        ParquetError::External(error) => match error.downcast() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    })
}

fn written(matrix: &Matrix<'_>, out: impl Write + Send) -> Result<(), ParquetError> {
    let columns = columns(matrix);
    let schema = Arc::new(parse_message_type(&schema(&columns))?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_created_by(concat!("ixp-agent ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(footer(matrix)))
        .build();
    let mut file = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
    for cells in matrix.cells.chunks(ROWS) {
        let mut rows = file.next_row_group()?;
        for moment in [matrix.span.from, matrix.span.to] {
            let values = vec![moment.map(Timestamp::as_millisecond); cells.len()];
            next(&mut rows, |column| numbers(column, values.into_iter()))?;
        }
        for column in &columns {
            next(&mut rows, |writer| write_column(*column, cells, writer))?;
        }
        rows.close()?;
    }
    file.close()?;
    Ok(())
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
    cells: &[Cell<'_>],
    writer: &mut ColumnWriter<'_>,
) -> Result<(), ParquetError> {
    let values = cells.iter().map(|cell| column.value(cell));
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
fn schema(columns: &[Column]) -> String {
    let moments = ["from_time", "to_time"].map(|name| (name, "INT64", "TIMESTAMP(MILLIS,true)"));
    let columns = columns.iter().map(|column| {
        let (physical, logical) = kind(*column);
        (column.name(), physical, logical)
    });
    let mut text = "message matrix {\n".to_owned();
    for (name, physical, logical) in moments.into_iter().chain(columns) {
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
    let frames = frames.into_iter().flat_map(figure).map(|(name, number)| (name, number.to_string()));
    // RFC 3339 on both sides of ISO 8601's solidus.
    let gaps: Vec<String> = matrix.gaps.iter().map(|(from, to)| format!("{from}/{to}")).collect();
    let words = [
        ("schema", SCHEMA.to_owned()),
        ("by", matrix.by.name().to_owned()),
        ("source", matrix.source.name().to_owned()),
        ("byte_basis", super::BYTE_BASIS.to_owned()),
        ("gaps", gaps.join(" ")),
    ];
    let words = words.into_iter().map(|(name, text)| (name.to_owned(), text));
    words.chain(frames).map(|(name, text)| KeyValue::new(format!("ixp.{name}"), text)).collect()
}
