//! Turns the XDP program's counters into per-member traffic matrices. The rooms, in the order in
//! which data takes its way through them.

pub mod kernel;
pub mod pairs;
pub mod snapshot;

pub mod capture;
pub mod replay;

pub mod config;
pub mod members;
pub mod notice;
pub mod policy;

pub mod intake;
pub mod samples;
pub mod sflow;

pub mod format;
pub mod matrix;
pub mod sides;
pub mod stations;
pub mod store;

pub mod rrd;

pub mod events;
pub mod report;

pub mod live;

pub mod http;
pub mod metrics;

pub mod cli;
pub mod client;
pub mod doctor;
pub mod run;
