//! A segment in, its rows out, some at a time.

use std::collections::VecDeque;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::serialized_reader::ReadOptionsBuilder;

use super::blocks::{Blocks, Checked};
use super::pages::{may_have, rows};
use super::{Error, Kin, SCHEMA, is_optional};
use crate::store::table::{NOTHING, Row, WIDTH};

/// Rows that are read at once: what a reader takes of memory, times the columns. Those of many readers are to stay in a cache.
const BATCH: usize = 1024;

/// A range of values per key column, by its number, that rows are to be in. Groups of rows and pages that have none are not
/// read.
pub(in crate::store) type Bounds = [(usize, i64, i64)];

/// The rows of a segment, in their order.
pub struct Reader {
    kin: Kin,
    path: PathBuf,
    file: SerializedFileReader<Checked>,
    blocks: Arc<Blocks>,
    bounds: Vec<(usize, i64, i64)>,
    /// The next group.
    group: usize,
    readers: Vec<ColumnReader>,
    /// Where the readers stand in their group, and what is wanted of it from there on.
    at: usize,
    wanted: VecDeque<Range<usize>>,
    /// What was read, by column of the file.
    columns: Vec<Values>,
    /// Which of it is within the bounds, from the last to the first.
    rows: Vec<usize>,
}

impl Reader {
    /// Opens a segment to read the rows that are within `bounds`; what is read of it is held against its blocks.
    pub(in crate::store) fn open(
        path: &Path,
        kin: Kin,
        bounds: &Bounds,
        blocks: Arc<Blocks>,
    ) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::io(path))?;
        let file = Checked::new(file, Arc::clone(&blocks));
        let mut options = ReadOptionsBuilder::new();
        if !bounds.is_empty() {
            let bounds = bounds.to_vec();
            let predicate = move |group: &_, _| may_have(group, &bounds);
            options = options.with_predicate(Box::new(predicate)).with_page_index();
        }
        let opened = SerializedFileReader::new_with_options(file, options.build());
        let opened = opened.and_then(|file| checked(&file, kin).map(|columns| (file, columns)));
        let (file, columns) = opened.map_err(|error| why(path, &blocks, error))?;
        Ok(Self {
            kin,
            path: path.to_owned(),
            file,
            blocks,
            bounds: bounds.to_vec(),
            group: 0,
            readers: Vec::new(),
            at: 0,
            wanted: VecDeque::new(),
            columns: (0..columns).map(|_| Values::default()).collect(),
            rows: Vec::with_capacity(BATCH),
        })
    }

    /// The next row that is within the bounds.
    #[inline]
    pub(in crate::store) fn next_row(&mut self) -> Result<Option<Row>, Error> {
        loop {
            if let Some(at) = self.rows.pop() {
                let mut row = Row([NOTHING; WIDTH]);
                for (value, column) in row.0.iter_mut().zip(&self.columns) {
                    *value = column.values[at];
                }
                return Ok(Some(row));
            }
            match self.fill() {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(error) => return Err(why(&self.path, &self.blocks, error)),
            }
        }
    }

    /// Whether there were more rows.
    fn fill(&mut self) -> Result<bool, ParquetError> {
        while self.wanted.is_empty() {
            if !self.next_group()? {
                return Ok(false);
            }
        }
        let Some(range) = self.wanted.front_mut() else { return Ok(false) };
        let (skipped, many) = (range.start - self.at, range.len().min(BATCH));
        range.start += many;
        self.at = range.start;
        if range.start >= range.end {
            self.wanted.pop_front();
        }
        let columns = self.kin.table.columns().iter().zip(&mut self.readers).zip(&mut self.columns);
        for ((column, reader), values) in columns {
            let read = match reader {
                ColumnReader::Int32ColumnReader(reader) => {
                    values.fill(reader, (skipped, many), is_optional(column), |value| i64::from(*value))
                }
                ColumnReader::Int64ColumnReader(reader) => {
                    values.fill(reader, (skipped, many), is_optional(column), |value| *value)
                }
                ColumnReader::DoubleColumnReader(reader) => {
                    let bits = |value: &f64| value.to_bits().cast_signed();
                    values.fill(reader, (skipped, many), is_optional(column), bits)
                }
                _ => Err(ParquetError::General("no column of numbers".to_owned())),
            }?;
            if read != many {
                return Err(ParquetError::General(format!("{} has too few rows", column.name)));
            }
        }
        let is_within = |row: &usize| {
            let mut bounds = self.bounds.iter();
            bounds.all(|(at, least, most)| (*least..=*most).contains(&self.columns[*at].values[*row]))
        };
        self.rows.extend((0..many).rev().filter(is_within));
        Ok(true)
    }

    /// Whether there was another group.
    fn next_group(&mut self) -> Result<bool, ParquetError> {
        let metadata = self.file.metadata();
        if self.group >= metadata.num_row_groups() {
            return Ok(false);
        }
        self.wanted = rows(metadata, self.group, &self.bounds).into();
        self.at = 0;
        let group = self.file.get_row_group(self.group)?;
        let columns = 0..self.columns.len();
        self.readers = columns.map(|at| group.get_column_reader(at)).collect::<Result<_, _>>()?;
        self.group += 1;
        Ok(true)
    }
}

/// Why a segment cannot be read: what Parquet says, unless its bytes are not those that were written.
fn why(path: &Path, blocks: &Blocks, error: ParquetError) -> Error {
    match blocks.damage() {
        Some([found, named]) => Error::Checksum { path: path.display().to_string(), found, named },
        None => Error::parquet(path)(error),
    }
}

/// A segment is of this program, and of the kind that its name says. How many columns it has: of those that may be empty the last may
/// be missing, which an older agent did not know.
fn checked(file: &SerializedFileReader<Checked>, kin: Kin) -> Result<usize, ParquetError> {
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
    let found: Vec<&str> = metadata.schema().get_fields().iter().map(|field| field.name()).collect();
    let is_known = kin.table.columns().split_at_checked(found.len()).is_some_and(|(there, later)| {
        there.iter().map(|column| column.name).eq(found.iter().copied()) && later.iter().all(is_optional)
    });
    if !is_known {
        return Err(ParquetError::General(format!(
            "its columns are {found:?}, not those of {}",
            kin.table.name()
        )));
    }
    Ok(found.len())
}

/// The values of a column, and what they are made of.
#[derive(Default)]
struct Values {
    /// [`NOTHING`] where there is none.
    values: Vec<i64>,
    levels: Vec<i16>,
}

impl Values {
    /// Skips some rows and reads the next ones; says how many there were.
    fn fill<T: DataType>(
        &mut self,
        reader: &mut ColumnReaderImpl<T>,
        (skipped, many): (usize, usize),
        is_optional: bool,
        value: impl Fn(&T::T) -> i64,
    ) -> Result<usize, ParquetError> {
        if skipped > 0 {
            reader.skip_records(skipped)?;
        }
        self.values.clear();
        self.levels.clear();
        let levels = &mut self.levels;
        let mut there = Vec::with_capacity(many);
        let mut read = 0;
        while read < many {
            let levels = is_optional.then_some(&mut *levels);
            let (records, ..) = reader.read_records(many - read, levels, None, &mut there)?;
            if records == 0 {
                break;
            }
            read += records;
        }
        if !is_optional || there.len() == read {
            self.values.extend(there.iter().map(value));
        } else {
            let mut there = there.iter();
            let value =
                |level: &i16| if *level == 0 { NOTHING } else { there.next().map_or(NOTHING, &value) };
            self.values.extend(self.levels.iter().map(value));
        }
        Ok(read)
    }
}
