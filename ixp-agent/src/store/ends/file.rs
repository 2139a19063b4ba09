//! The table of ends on a disk: `members.parquet`, which any tool joins to the rows, and in a folder beside it the last two
//! that were written, whose names have a checksum of all their bytes.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::record::{Field, RowAccessor as _};
use parquet::schema::parser::parse_message_type;
use tracing::warn;

use super::{Entry, Kind, Who};
use crate::store::disk::{Disk, make_folder, settle};

/// What planners join.
const TABLE: &str = "members.parquet";
/// The last two of them.
const KEPT: &str = "members";

/// Columns are read by their places: what is added comes last, so that a table is read by an agent of before, and theirs
/// by this one.
const SCHEMA: &str = "message members {
REQUIRED INT32 id;
REQUIRED BYTE_ARRAY kind (STRING);
OPTIONAL INT64 asn;
REQUIRED BYTE_ARRAY name (STRING);
REQUIRED BYTE_ARRAY lan (STRING);
OPTIONAL INT32 vlan;
REQUIRED BYTE_ARRAY label (STRING);
REQUIRED BYTE_ARRAY macs (STRING);
REQUIRED BYTE_ARRAY addresses (STRING);
REQUIRED BYTE_ARRAY port (STRING);
OPTIONAL INT64 speed;
REQUIRED INT64 valid_from (TIMESTAMP(MILLIS,true));
OPTIONAL INT64 valid_to (TIMESTAMP(MILLIS,true));
OPTIONAL BYTE_ARRAY facility (STRING);
}";

/// Keeps the table: when this returns it is there, and after a power cut.
pub(in crate::store) fn save(disk: &dyn Disk, root: &Path, entries: &[Entry]) -> io::Result<()> {
    let bytes = written(entries).map_err(io::Error::other)?;
    let kept = kept(root)?;
    let number = kept.last().map_or(1, |last| last.number + 1);
    make_folder(disk, &root.join(KEPT))?;
    let name = format!("{KEPT}/{number}-{:08x}.parquet", crc32fast::hash(&bytes));
    for path in [root.join(name), root.join(TABLE)] {
        let unfinished = path.with_extension("tmp");
        if unfinished.exists() {
            disk.remove(&unfinished)?;
        }
        let mut file = disk.create(&unfinished)?;
        file.write_all(&bytes)?;
        file.flush_to_disk()?;
        settle(disk, &unfinished, &path)?;
    }
    for old in kept.iter().rev().skip(1) {
        disk.remove(&old.path)?;
    }
    Ok(())
}

/// A table that was kept.
struct Kept {
    number: u64,
    checksum: u32,
    path: PathBuf,
}

/// The tables that were kept, the last one last.
fn kept(root: &Path) -> io::Result<Vec<Kept>> {
    let listed = match fs::read_dir(root.join(KEPT)) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut kept = Vec::new();
    for entry in listed {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let words = name.strip_suffix(".parquet").and_then(|name| name.split_once('-'));
        let words =
            words.and_then(|(number, sum)| Some((number.parse().ok()?, u32::from_str_radix(sum, 16).ok()?)));
        kept.extend(words.map(|(number, checksum)| Kept { number, checksum, path }));
    }
    kept.sort_by_key(|kept| kept.number);
    Ok(kept)
}

/// The table that was kept last; nothing, if none was.
///
/// # Errors
/// If none can be read, though there are some: to give its numbers to others would tell one member's traffic as another's.
pub(in crate::store) fn load(root: &Path) -> Result<Vec<Entry>, String> {
    let kept = kept(root).map_err(|error| format!("{}: {error}", root.join(KEPT).display()))?;
    let mut damage = None;
    for kept in kept.iter().rev() {
        match read(kept) {
            Ok(entries) => {
                if let Some(damage) = damage {
                    warn!(
                        "{damage}; the one before, {}, is whole, and is taken instead",
                        kept.path.display()
                    );
                }
                return Ok(entries);
            }
            Err(error) => damage = damage.or(Some(format!("{}: {error}", kept.path.display()))),
        }
    }
    damage.map_or(Ok(Vec::new()), Err)
}

fn written(entries: &[Entry]) -> Result<Vec<u8>, ParquetError> {
    let properties =
        WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?)).build();
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut group = file.next_row_group()?;
    let mut at = 0;
    while let Some(mut column) = group.next_column()? {
        write_column(column.untyped(), at, entries)?;
        column.close()?;
        at += 1;
    }
    group.close()?;
    file.into_inner()
}

/// What an entry has in the columns of the schema, in their order.
fn values(entry: &Entry) -> [Value; 14] {
    let Entry { id, who, from, to } = entry;
    let text = |text: &str| Value::Text(text.to_owned());
    let number = |number: Option<i64>| number.map_or(Value::Nothing, Value::Number);
    [
        Value::Number((*id).into()),
        text(who.kind.name()),
        number(who.asn.map(i64::from)),
        text(&who.name),
        text(&who.lan),
        number(who.vlan.map(i64::from)),
        text(&who.label),
        text(&who.macs.join(" ")),
        text(&who.addresses.join(" ")),
        text(&who.port),
        number(who.speed.and_then(|speed| i64::try_from(speed).ok())),
        Value::Number(*from),
        number(*to),
        Some(&who.facility).filter(|name| !name.is_empty()).map_or(Value::Nothing, |name| text(name)),
    ]
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Nothing,
    Number(i64),
    Text(String),
}

fn write_column(writer: &mut ColumnWriter<'_>, at: usize, entries: &[Entry]) -> Result<(), ParquetError> {
    let values: Vec<Value> = entries.iter().map(|entry| values(entry)[at].clone()).collect();
    let levels: Vec<i16> = values.iter().map(|value| i16::from(*value != Value::Nothing)).collect();
    let numbers = values.iter().filter_map(|value| match value {
        Value::Number(number) => Some(*number),
        Value::Nothing | Value::Text(_) => None,
    });
    let texts = values.iter().filter_map(|value| match value {
        Value::Text(text) => Some(ByteArray::from(text.as_str())),
        Value::Nothing | Value::Number(_) => None,
    });
    match writer {
        ColumnWriter::Int32ColumnWriter(writer) => {
            let narrow =
                |number: i64| i32::try_from(number).map_err(|error| ParquetError::General(error.to_string()));
            let numbers: Vec<i32> = numbers.map(narrow).collect::<Result<_, _>>()?;
            writer.write_batch(&numbers, Some(&levels), None)?
        }
        ColumnWriter::Int64ColumnWriter(writer) => {
            writer.write_batch(&numbers.collect::<Vec<_>>(), Some(&levels), None)?
        }
        ColumnWriter::ByteArrayColumnWriter(writer) => {
            writer.write_batch(&texts.collect::<Vec<_>>(), Some(&levels), None)?
        }
        _ => return Err(ParquetError::General("no column of numbers or text".to_owned())),
    };
    Ok(())
}

fn read(kept: &Kept) -> Result<Vec<Entry>, ParquetError> {
    let bytes = Bytes::from(fs::read(&kept.path)?);
    let found = crc32fast::hash(&bytes);
    if found != kept.checksum {
        return Err(ParquetError::General(format!(
            "its checksum is {found:08x}, and its name says {:08x}",
            kept.checksum
        )));
    }
    let file = SerializedFileReader::new(bytes)?;
    file.get_row_iter(None)?.map(|row| entry(&row?)).collect()
}

fn entry(row: &parquet::record::Row) -> Result<Entry, ParquetError> {
    let fields: Vec<&Field> = row.get_column_iter().map(|(_, field)| field).collect();
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    let number = |at: usize| match fields.get(at) {
        Some(Field::Int(number)) => Some(i64::from(*number)),
        Some(Field::Long(number) | Field::TimestampMillis(number)) => Some(*number),
        _ => None,
    };
    let kind = row.get_string(1)?;
    let kind = Kind::ALL.into_iter().find(|known| known.name() == kind);
    let missing = |what: &str| ParquetError::General(format!("a row without {what}"));
    Ok(Entry {
        id: row.get_int(0)?,
        who: Who {
            kind: kind.ok_or_else(|| missing("a kind that is known"))?,
            asn: number(2).and_then(|asn| u32::try_from(asn).ok()),
            name: row.get_string(3)?.clone(),
            lan: row.get_string(4)?.clone(),
            vlan: number(5).and_then(|vlan| u16::try_from(vlan).ok()),
            label: row.get_string(6)?.clone(),
            macs: words(row.get_string(7)?),
            addresses: words(row.get_string(8)?),
            port: row.get_string(9)?.clone(),
            facility: match fields.get(13) {
                Some(Field::Str(name)) => name.clone(),
                _ => String::new(),
            },
            speed: number(10).and_then(|speed| u64::try_from(speed).ok()),
        },
        from: number(11).ok_or_else(|| missing("a beginning"))?,
        to: number(12),
    })
}
