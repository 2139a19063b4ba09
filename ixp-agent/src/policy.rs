//! What the exchange allows: settings and members in, the tables that kernel and host go by out.

pub mod memory;
