//! The XDP program. Compiled for the host it is an empty stub.
fn main() {}
