//! An emulated exchange on one host: what its members put on the wire goes in, a verdict on the agent's matrix
//! comes out.
//!
//! In flow order: a [`plan`] says who speaks to whom; an [`exchange`] is built of [`netns`] and [`link`];
//! each [`member`] speaks, and some commit [`sins`]; [`truth`] counts what they sent; of the [`agents`] one serves its
//! matrix and the other what is [`sampled`]; the [`verdict`] compares. [`run`] wires them.

pub mod agent;
pub mod agents;
pub mod clock;
pub mod command;
pub mod cpu;
pub mod exchange;
pub mod format;
pub mod interrupt;
pub mod link;
pub mod lock;
pub mod matrix;
pub mod member;
pub mod netns;
pub mod news;
pub mod packet;
pub mod plan;
pub mod random;
pub mod run;
pub mod sampled;
pub mod sins;
mod socket;
pub mod station;
mod terminal;
pub mod truth;
pub mod verdict;
pub mod view;
