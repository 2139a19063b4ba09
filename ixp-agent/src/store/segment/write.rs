//! Sorted rows in, a segment out.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crc32fast::Hasher;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::{Kin, SCHEMA, is_optional, schema};
use crate::store::disk::{Disk, Output};
use crate::store::table::{Kind, NOTHING, Row, Table};

/// Rows that are compressed together, and that a reader of one source or station has to look at.
const GROUP: usize = 1 << 17;

/// A segment that is written, under a name that is not yet its own.
pub struct Writer {
    kin: Kin,
    path: PathBuf,
    file: SerializedFileWriter<Summed>,
    /// By column, those of the rows that are not yet in the file.
    columns: Vec<Vec<i64>>,
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
    const fn level(self) -> i32 {
        match self {
            Self::Quick => 1,
            Self::Small => 3,
        }
    }
}

/// A segment that was written and flushed.
#[derive(Debug)]
pub struct Written {
    pub(in crate::store) kin: Kin,
    pub(in crate::store) bytes: u64,
    pub(in crate::store) checksum: u32,
}

/// What is written, and its checksum.
struct Summed {
    file: Box<dyn Output>,
    sum: Hasher,
    bytes: u64,
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sum.update(&bytes[..written]);
        self.bytes += written as u64;
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
        let file = Summed { file: disk.create(&path)?, sum: Hasher::new(), bytes: 0 };
        let schema = parse_message_type(&schema(kin.table)).map_err(io_error)?;
        let properties = properties(kin, packing, footer).map_err(io_error)?;
        let file =
            SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties)).map_err(io_error)?;
        let columns = vec![Vec::new(); kin.table.columns().len()];
        Ok(Self { kin, path, file, columns })
    }

    /// Appends a row, whose key is behind that of the last one.
    pub(in crate::store) fn push(&mut self, row: &Row) -> io::Result<()> {
        for (column, value) in self.columns.iter_mut().zip(row.0) {
            column.push(value);
        }
        if self.columns[0].len() < GROUP {
            return Ok(());
        }
        self.group().map_err(io_error)
    }

    /// Writes the end, flushes it, and gives the file its name.
    pub(in crate::store) fn finish(mut self, disk: &dyn Disk) -> io::Result<Written> {
        if !self.columns[0].is_empty() {
            self.group().map_err(io_error)?;
        }
        let Summed { mut file, sum, bytes } = self.file.into_inner().map_err(io_error)?;
        file.flush_to_disk()?;
        let written = Written { kin: self.kin, bytes, checksum: sum.finalize() };
        disk.rename(&self.path, &self.path.with_file_name(self.kin.file_name(written.checksum)))?;
        Ok(written)
    }

    fn group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.file.next_row_group()?;
        let columns = self.kin.table.columns();
        for (column, values) in columns.iter().zip(&mut self.columns) {
            let more = || ParquetError::General("more columns than the schema has".to_owned());
            let mut writer = group.next_column()?.ok_or_else(more)?;
            let levels = is_optional(column)
                .then(|| values.iter().map(|value| i16::from(*value != NOTHING)).collect::<Vec<i16>>());
            let there = values.iter().filter(|value| levels.is_none() || **value != NOTHING);
            let levels = levels.as_deref();
            match writer.untyped() {
                ColumnWriter::Int32ColumnWriter(writer) => {
                    #[expect(clippy::cast_possible_truncation, reason = "the column's own width")]
                    let values: Vec<i32> = there.map(|value| *value as i32).collect();
                    writer.write_batch(&values, levels, None)?;
                }
                ColumnWriter::Int64ColumnWriter(writer) => {
                    let values: Vec<i64> = there.copied().collect();
                    writer.write_batch(&values, levels, None)?;
                }
                ColumnWriter::DoubleColumnWriter(writer) => {
                    let real = |bits: &i64| f64::from_bits(bits.cast_unsigned());
                    let values: Vec<f64> = there.map(real).collect();
                    writer.write_batch(&values, levels, None)?;
                }
                _ => return Err(ParquetError::General("no column of numbers".to_owned())),
            }
            writer.close()?;
            values.clear();
        }
        group.close()?;
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
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(packing.level())?))
        .set_dictionary_enabled(false)
        .set_created_by(concat!("ixp-agent ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(said));
    for column in kin.table.columns() {
        let encoding = match column.kind {
            Kind::Moment | Kind::Small | Kind::Large => Encoding::DELTA_BINARY_PACKED,
            Kind::Real => Encoding::PLAIN,
        };
        properties = properties.set_column_encoding(column.name.into(), encoding);
    }
    Ok(properties.build())
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
