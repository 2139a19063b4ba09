//! What can be said of members' traffic in, JSON, CSV and tables for people out.

mod flow;
pub mod series;
pub mod stats;
pub mod top;

pub use self::flow::CountsDto;

use comfy_table::{CellAlignment, ContentArrangement, Table, TableStyle};

/// What bytes are: captured frames, without FCS.
const BYTE_BASIS: &str = "frame-without-fcs";

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// All there is, in one object
    Json,
    /// A header line and a line for each
    Csv,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Table, Self::Json, Self::Csv];

    /// The name in options and queries.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }
}

/// A table without lines; from column `numbers` on it is aligned at the right.
fn lined(header: &[&str], numbers: usize, rows: impl IntoIterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    rows.into_iter().for_each(|row| {
        table.add_row(row);
    });
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 1));
        if at >= numbers {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
