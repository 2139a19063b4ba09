//! The C twin of the sampler reads the tables that the agent writes: `bench-c/layout.h` says where their fields lie,
//! and the twin does not compile against another.

use std::env;
use std::fmt::Write as _;
use std::fs;

use ixp_common::policy::PortPolicy;
use ixp_common::table::{Lan, PolicyTable, Station};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/bench-c/layout.h");
const HEAD: &str = "/* Where the fields of ixp-common's tables lie.\n * `BLESS=1 cargo nextest run -p ixp-tests --test layout` writes this file. */\n#pragma once\n";

fn header() -> String {
    let types = [
        ("PolicyTable", PolicyTable::LAYOUT),
        ("Lan", Lan::LAYOUT),
        ("Station", Station::LAYOUT),
        ("PortPolicy", PortPolicy::LAYOUT),
    ];
    let mut text = HEAD.to_owned();
    for (name, layout) in types {
        for (field, at) in layout {
            writeln!(text, "#define {name}_{field} {at}").expect("a string takes it");
        }
    }
    text
}

#[test]
fn the_header_says_where_the_fields_lie() {
    if env::var_os("BLESS").is_some_and(|value| value == "1") {
        fs::write(FILE, header()).expect("the checkout is writable");
        return;
    }
    let committed = fs::read_to_string(FILE).expect("the header is committed");
    assert_eq!(
        committed,
        header(),
        "if that is right, run this test with BLESS=1, and adapt bench-c/table.h"
    );
}
