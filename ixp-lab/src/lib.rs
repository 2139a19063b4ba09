//! An emulated exchange on one host.
