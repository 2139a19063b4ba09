//! A segment in, its rows out, some at a time.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crc32fast::Hasher;
use parquet::column::reader::ColumnReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::statistics::Statistics;

use super::{Error, Kin, SCHEMA, is_optional, schema};
use crate::store::table::{NOTHING, Row, WIDTH};

/// Rows that are read at once: what a reader takes of memory, times the columns.
const BATCH: usize = 4096;

/// A range of values per key column, by its number, that rows are to be in. A group of rows that has none is not read.
pub(in crate::store) type Bounds = [(usize, i64, i64)];

/// The rows of a segment, in their order.
pub struct Reader {
    kin: Kin,
    path: PathBuf,
    file: SerializedFileReader<File>,
    bounds: Vec<(usize, i64, i64)>,
    group: usize,
    columns: Vec<ColumnReader>,
    left: usize,
    rows: Vec<Row>,
    next: usize,
}

/// Whether the bytes of a file are those that its name says.
pub(in crate::store) fn verify(path: &Path, named: u32) -> Result<(), Error> {
    let mut file = File::open(path).map_err(Error::io(path))?;
    let mut sum = Hasher::new();
    let mut bytes = vec![0; 1 << 16];
    loop {
        match file.read(&mut bytes) {
            Ok(0) => break,
            Ok(read) => sum.update(&bytes[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::io(path)(error)),
        }
    }
    let found = sum.finalize();
    if found != named {
        return Err(Error::Checksum { path: path.display().to_string(), found, named });
    }
    Ok(())
}

impl Reader {
    /// Opens a segment to read the rows that are within `bounds`, and some more: whole groups that may have any.
    pub(in crate::store) fn open(path: &Path, kin: Kin, bounds: &Bounds) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::io(path))?;
        let file = SerializedFileReader::new(file).map_err(Error::parquet(path))?;
        checked(&file, kin).map_err(Error::parquet(path))?;
        Ok(Self {
            kin,
            path: path.to_owned(),
            file,
            bounds: bounds.to_vec(),
            group: 0,
            columns: Vec::new(),
            left: 0,
            rows: Vec::with_capacity(BATCH),
            next: 0,
        })
    }

    /// The next row that is within the bounds.
    pub(in crate::store) fn next_row(&mut self) -> Result<Option<Row>, Error> {
        loop {
            while let Some(row) = self.rows.get(self.next) {
                self.next += 1;
                if self.bounds.iter().all(|(at, least, most)| (*least..=*most).contains(&row.0[*at])) {
                    return Ok(Some(*row));
                }
            }
            if !self.fill().map_err(Error::parquet(&self.path))? {
                return Ok(None);
            }
        }
    }

    /// Whether there were more rows.
    fn fill(&mut self) -> Result<bool, ParquetError> {
        while self.left == 0 {
            let metadata = self.file.metadata();
            let Some(group) = metadata.row_groups().get(self.group) else {
                return Ok(false);
            };
            self.group += 1;
            if !may_have(group, &self.bounds) {
                continue;
            }
            self.left = usize::try_from(group.num_rows()).unwrap_or(0);
            let reader = self.file.get_row_group(self.group - 1)?;
            self.columns = (0..self.kin.table.columns().len())
                .map(|at| reader.get_column_reader(at))
                .collect::<Result<_, _>>()?;
        }
        let wanted = self.left.min(BATCH);
        self.rows.clear();
        self.rows.resize(wanted, Row([NOTHING; WIDTH]));
        self.next = 0;
        for (at, column) in self.kin.table.columns().iter().enumerate() {
            let values = read(&mut self.columns[at], wanted, is_optional(column))?;
            if values.len() != wanted {
                return Err(ParquetError::General(format!("{} has too few rows", column.name)));
            }
            for (row, value) in self.rows.iter_mut().zip(values) {
                row.0[at] = value;
            }
        }
        self.left -= wanted;
        Ok(true)
    }
}

/// A segment is of this program, and of the kind that its name says.
fn checked(file: &SerializedFileReader<File>, kin: Kin) -> Result<(), ParquetError> {
    let metadata = file.metadata().file_metadata();
    let said = metadata.key_value_metadata().into_iter().flatten();
    let schema_said =
        said.clone().find(|said| said.key == "ixp.schema").and_then(|said| said.value.as_deref());
    if schema_said != Some(SCHEMA) {
        return Err(ParquetError::General(format!(
            "its schema is {}, and this program knows {SCHEMA} alone",
            schema_said.unwrap_or("unknown")
        )));
    }
    let wanted = parquet::schema::parser::parse_message_type(&schema(kin.table))?;
    let found: Vec<_> = metadata.schema().get_fields().iter().map(|field| field.name()).collect();
    let wanted: Vec<_> = wanted.get_fields().iter().map(|field| field.name().to_owned()).collect();
    if found != wanted {
        return Err(ParquetError::General(format!("its columns are {found:?}, not {wanted:?}")));
    }
    Ok(())
}

/// Whether a group can have rows within bounds, by its own statistics.
fn may_have(group: &RowGroupMetaData, bounds: &Bounds) -> bool {
    bounds.iter().all(|(at, least, most)| {
        let (low, high) = match group.column(*at).statistics() {
            Some(Statistics::Int32(found)) => {
                (found.min_opt().map(|low| i64::from(*low)), found.max_opt().map(|high| i64::from(*high)))
            }
            Some(Statistics::Int64(found)) => (found.min_opt().copied(), found.max_opt().copied()),
            _ => (None, None),
        };
        low.is_none_or(|low| low <= *most) && high.is_none_or(|high| high >= *least)
    })
}

/// The next values of a column, [`NOTHING`] where there is none.
fn read(column: &mut ColumnReader, wanted: usize, is_optional: bool) -> Result<Vec<i64>, ParquetError> {
    let mut levels = is_optional.then(|| Vec::with_capacity(wanted));
    let mut there = Vec::with_capacity(wanted);
    let mut records = 0;
    match column {
        ColumnReader::Int32ColumnReader(reader) => {
            let mut values = Vec::with_capacity(wanted);
            while records < wanted {
                let (read, ..) = reader.read_records(wanted - records, levels.as_mut(), None, &mut values)?;
                if read == 0 {
                    break;
                }
                records += read;
            }
            there.extend(values.into_iter().map(i64::from));
        }
        ColumnReader::Int64ColumnReader(reader) => {
            while records < wanted {
                let (read, ..) = reader.read_records(wanted - records, levels.as_mut(), None, &mut there)?;
                if read == 0 {
                    break;
                }
                records += read;
            }
        }
        ColumnReader::DoubleColumnReader(reader) => {
            let mut values: Vec<f64> = Vec::with_capacity(wanted);
            while records < wanted {
                let (read, ..) = reader.read_records(wanted - records, levels.as_mut(), None, &mut values)?;
                if read == 0 {
                    break;
                }
                records += read;
            }
            there.extend(values.into_iter().map(|value| value.to_bits().cast_signed()));
        }
        _ => return Err(ParquetError::General("no column of numbers".to_owned())),
    }
    let Some(levels) = levels else {
        return Ok(there);
    };
    let mut there = there.into_iter();
    Ok(levels
        .into_iter()
        .map(|level| if level == 0 { NOTHING } else { there.next().unwrap_or(NOTHING) })
        .collect())
}
