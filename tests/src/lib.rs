//! What the tests share: frames to send, the programs to run them through, interfaces to send them over.

pub mod agent;
pub mod collector;
pub mod corpus;
pub mod counted;
pub mod cpu;
pub mod digests;
pub mod evasion;
pub mod exporter;
pub mod feed;
pub mod figures;
pub mod filling;
pub mod frames;
pub mod kept;
pub mod kernel;
pub mod mapped;
pub mod netns;
pub mod paced;
pub mod rrdcached;
pub mod rules;
pub mod sampler;
pub mod sflowtool;
pub mod spent;
pub mod synth;
pub mod tally;
pub mod traffic;
pub mod wire;
