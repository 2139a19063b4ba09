//! Sorted rows in, a segment out.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::writer::{ColumnWriter, ColumnWriterImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{DeltaBinaryPackedEncoderOptions, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::blocks::{self, Summing};
use super::columns::{Column, Columns};
use super::{Kin, SCHEMA, is_optional, schema};
use crate::store::disk::{Disk, Output};
use crate::store::table::{Kind, NOTHING, Role, Row, Table};

/// Rows whose columns are together.
const GROUP: usize = 1 << 17;
/// Rows of a matrix that a reader of one source has to unpack, of a column that rows are sorted by and of any other: the more,
/// the smaller they are packed.
const PAGES: [usize; 2] = [1 << 13, 1 << 15];
/// The same of other tables, which are small beside it.
const SMALL_PAGES: [usize; 2] = [1 << 11, 1 << 11];
/// Bits of a variance that are kept where it stays; the first of them are its sign and its exponent. Counts are kept whole.
const VARIANCE: u32 = 20;

/// A segment that is written, under a name that is not yet its own.
pub struct Writer {
    kin: Kin,
    path: PathBuf,
    file: SerializedFileWriter<Summed>,
    packing: Packing,
    /// Of rows that are not yet in the file.
    columns: Columns,
}

/// How much is done for a file to be small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Packing {
    /// It is soon part of another.
    Quick,
    /// It stays.
    Small,
}

impl Packing {
    fn compression(self) -> Result<Compression, ParquetError> {
        Ok(match self {
            Self::Quick => Compression::UNCOMPRESSED,
            Self::Small => Compression::ZSTD(ZstdLevel::try_new(3)?),
        })
    }

    /// How the values of a column are told. Where the first bytes of counts lie together a row takes a fifth less, and DuckDB
    /// before 2.0 reads that of reals alone.
    const fn encoding(self, kind: Kind) -> Encoding {
        match (self, kind) {
            (_, Kind::Moment | Kind::Small | Kind::Large) => Encoding::DELTA_BINARY_PACKED,
            (Self::Quick, Kind::Real) => Encoding::PLAIN,
            (Self::Small, Kind::Real) => Encoding::BYTE_STREAM_SPLIT,
        }
    }

    /// A real as it is kept.
    fn real(self, bits: i64) -> f64 {
        let bits = bits.cast_unsigned();
        f64::from_bits(match self {
            Self::Quick => bits,
            // To the nearest.
            Self::Small => {
                bits.wrapping_add(1 << (u64::BITS - VARIANCE - 1)) & (u64::MAX << (u64::BITS - VARIANCE))
            }
        })
    }
}

/// A segment that was written and flushed.
#[derive(Debug)]
pub struct Written {
    pub(in crate::store) kin: Kin,
    pub(in crate::store) bytes: u64,
    pub(in crate::store) checksum: u32,
}

/// What is written, and its checksums.
struct Summed {
    file: Box<dyn Output>,
    sums: Summing,
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sums.take(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Writer {
    /// Begins a segment in a folder. `footer` says what all its rows have in common.
    pub(in crate::store) fn create(
        disk: &dyn Disk,
        folder: &Path,
        kin: Kin,
        (packing, footer): (Packing, &[(&str, String)]),
    ) -> io::Result<Self> {
        let path = folder.join(format!("{}.part", kin.stem()));
        let file = Summed { file: disk.create(&path)?, sums: Summing::default() };
        let schema = parse_message_type(&schema(kin.table)).map_err(io_error)?;
        let properties = properties(kin, packing, footer).map_err(io_error)?;
        let file =
            SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties)).map_err(io_error)?;
        Ok(Self { kin, path, file, packing, columns: Columns::new(kin.table) })
    }

    /// Appends a row, whose key is behind that of the last one.
    pub(in crate::store) fn push(&mut self, row: &Row) -> io::Result<()> {
        self.columns.push(row);
        if self.columns.len() < GROUP {
            return Ok(());
        }
        self.group().map_err(io_error)
    }

    /// Writes the end, flushes it, and gives the file its name.
    pub(in crate::store) fn finish(mut self, disk: &dyn Disk) -> io::Result<Written> {
        if self.columns.len() > 0 {
            self.group().map_err(io_error)?;
        }
        self.file.flush()?;
        let blocks = self.file.inner_mut().sums.told();
        self.file.append_key_value_metadata(KeyValue::new(blocks::NAME.to_owned(), blocks));
        let Summed { mut file, sums } = self.file.into_inner().map_err(io_error)?;
        file.flush_to_disk()?;
        let written = Written { kin: self.kin, bytes: sums.bytes(), checksum: sums.finish() };
        disk.rename(&self.path, &self.path.with_file_name(self.kin.file_name(written.checksum)))?;
        Ok(written)
    }

    fn group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.file.next_row_group()?;
        let (rows, taken) = self.columns.take();
        for (column, values) in self.kin.table.columns().iter().zip(taken) {
            let more = || ParquetError::General("more columns than the schema has".to_owned());
            let mut writer = group.next_column()?.ok_or_else(more)?;
            let values = Values { rows, values, is_optional: is_optional(column) };
            match writer.untyped() {
                #[expect(clippy::cast_possible_truncation, reason = "the column's own width")]
                ColumnWriter::Int32ColumnWriter(writer) => values.write(writer, |value| value as i32)?,
                ColumnWriter::Int64ColumnWriter(writer) => values.write(writer, |value| value)?,
                ColumnWriter::DoubleColumnWriter(writer) => {
                    values.write(writer, |bits| self.packing.real(bits))?;
                }
                _ => return Err(ParquetError::General("no column of numbers".to_owned())),
            }
            writer.close()?;
        }
        group.close()?;
        Ok(())
    }
}

/// The values of a column as they go to the file.
struct Values {
    rows: usize,
    values: Column,
    is_optional: bool,
}

impl Values {
    fn write<T: DataType>(
        self,
        writer: &mut ColumnWriterImpl<'_, T>,
        value: impl Fn(i64) -> T::T,
    ) -> Result<(), ParquetError> {
        let values = match (self.values, self.is_optional) {
            (Column::Nothing, true) => {
                writer.write_batch(&[], Some(&vec![0; self.rows]), None)?;
                return Ok(());
            }
            (Column::Nothing, false) => vec![NOTHING; self.rows],
            (Column::Some(values), _) => values,
        };
        let (levels, values) = match self.is_optional {
            false => (None, values),
            // As of most: then nothing is left out.
            true if !values.contains(&NOTHING) => (Some(vec![1; self.rows]), values),
            true => {
                let levels = values.iter().map(|value| i16::from(*value != NOTHING)).collect();
                (Some(levels), values.into_iter().filter(|value| *value != NOTHING).collect())
            }
        };
        let values: Vec<T::T> = values.into_iter().map(value).collect();
        writer.write_batch(&values, levels.as_deref(), None)?;
        Ok(())
    }
}

fn properties(
    kin: Kin,
    packing: Packing,
    footer: &[(&str, String)],
) -> Result<WriterProperties, ParquetError> {
    let said = [("schema", SCHEMA.to_owned()), ("table", kin.table.name().to_owned())];
    let source = [("source", kin.source().name().to_owned()), ("step", kin.step.name().to_owned())];
    let said = said.into_iter().chain(source).chain(footer.iter().cloned());
    let said = said.map(|(name, value)| KeyValue::new(format!("ixp.{name}"), value)).collect();
    let mut properties = WriterProperties::builder()
        .set_compression(packing.compression()?)
        .set_dictionary_enabled(false)
        // Few pairs share the width of the widest of their counts.
        .set_delta_binary_packed_encoder_options(DeltaBinaryPackedEncoderOptions::try_new(128, 4)?)
        .set_created_by(concat!("ixp-agent ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(said));
    for column in kin.table.columns() {
        let rows = pages(kin.table)[usize::from(column.role != Role::Key)];
        properties = properties
            .set_column_encoding(column.name.into(), packing.encoding(column.kind))
            .set_column_data_page_row_count_limit(column.name.into(), rows);
    }
    Ok(properties.build())
}

/// Rows whose values of a column lie together, of those that rows are sorted by and of any other.
const fn pages(table: Table) -> [usize; 2] {
    match table {
        Table::Matrix => PAGES,
        Table::Totals | Table::Networks | Table::Lans | Table::Sizes | Table::Rules | Table::Intervals => {
            SMALL_PAGES
        }
    }
}

/// What went wrong below Parquet, if it did: a disk that is full is told as such.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    }
}

/// Writes sorted rows as a segment that is soon part of another; none, if there are none.
pub(in crate::store) fn write(
    disk: &dyn Disk,
    folder: &Path,
    kin: Kin,
    footer: &[(&str, String)],
    rows: &[Row],
) -> io::Result<Option<Written>> {
    if rows.is_empty() {
        return Ok(None);
    }
    debug_assert!(is_sorted(kin.table, rows), "{}", kin.table.name());
    let mut writer = Writer::create(disk, folder, kin, (Packing::Quick, footer))?;
    for row in rows {
        writer.push(row)?;
    }
    writer.finish(disk).map(Some)
}

fn is_sorted(table: Table, rows: &[Row]) -> bool {
    rows.is_sorted_by(|left, right| left.key(table) < right.key(table))
}
