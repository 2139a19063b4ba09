//! Rows in, a segment out as an agent wrote it that did not know the last columns.

use std::sync::Arc;

use parquet::column::writer::ColumnWriter;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::{Kin, SCHEMA, is_optional, schema};
use crate::store::table::{NOTHING, Row};

/// The bytes of a segment of these rows without its last `missing` columns. Its end has no checksums.
pub(in crate::store) fn older(kin: Kin, rows: &[Row], missing: usize) -> Vec<u8> {
    let columns = kin.table.columns();
    let columns = &columns[..columns.len() - missing];
    let schema = schema(kin.table);
    let known: Vec<&str> = schema.lines().take(columns.len() + 1).chain(["}"]).collect();
    let schema = parse_message_type(&known.join("\n")).expect("a schema");
    let said = vec![KeyValue::new("ixp.schema".to_owned(), SCHEMA.to_owned())];
    let properties = WriterProperties::builder().set_key_value_metadata(Some(said)).build();
    let mut file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))
        .expect("a vector takes it");
    let mut group = file.next_row_group().expect("a vector takes it");
    for (at, column) in columns.iter().enumerate() {
        let values = rows.iter().map(|row| row.0[at]);
        let levels: Vec<i16> = values.clone().map(|value| i16::from(value != NOTHING)).collect();
        let levels = is_optional(column).then_some(&levels[..]);
        let there = values.filter(|value| *value != NOTHING);
        let mut writer = group.next_column().expect("a vector takes it").expect("a column of the schema");
        match writer.untyped() {
            ColumnWriter::Int32ColumnWriter(writer) => {
                let there: Vec<i32> = there.map(|value| i32::try_from(value).expect("its width")).collect();
                writer.write_batch(&there, levels, None)
            }
            ColumnWriter::Int64ColumnWriter(writer) => {
                writer.write_batch(&there.collect::<Vec<i64>>(), levels, None)
            }
            ColumnWriter::DoubleColumnWriter(writer) => {
                let there: Vec<f64> = there.map(|value| f64::from_bits(value.cast_unsigned())).collect();
                writer.write_batch(&there, levels, None)
            }
            _ => panic!("no column of numbers"),
        }
        .expect("a vector takes it");
        writer.close().expect("a vector takes it");
    }
    group.close().expect("a vector takes it");
    file.into_inner().expect("a vector takes it")
}
