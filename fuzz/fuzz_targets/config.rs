//! Any text as a configuration file: answered without a panic; what is taken is shown as a file that says
//! the same.
#![no_main]

use std::path::Path;

use ixp_agent::config::{Overrides, check, resolve, show};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let file = Path::new("config.toml");
    let taken = resolve(Some((file, text)), Overrides::default());
    assert_eq!(check::check(file, text).usable, taken.is_ok());
    let Ok(config) = taken else {
        return;
    };
    let shown = show::show(&config);
    let again = resolve(Some((file, &shown)), Overrides::default()).expect("what is shown is a good file");
    assert_eq!(again, config);
});
