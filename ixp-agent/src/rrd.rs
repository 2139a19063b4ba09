//! What was exchanged in five minutes in, updates of RRD files in IXP Manager's layout out, through `rrdcached`
//! ([docs](../../docs/rrd.md)).

pub mod cached;
pub mod known;
pub mod layout;
mod line;
pub mod mapper;
pub mod tally;
pub mod vli;
pub mod writer;

pub use self::cached::Cached;
pub use self::known::Known;
pub use self::tally::{Tally, tally};
pub use self::vli::{BadVlis, Vlis};
pub use self::writer::Writer;
