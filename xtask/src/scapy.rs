//! The corpora that scapy makes: the script and its pinned scapy in, whether the committed files are its work out.

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::python;
use crate::workspace::root;

/// Where the script, its pin and its files lie.
const CORPORA: &str = "tests/data/rules";

/// Makes all corpora again and compares.
pub(crate) fn check(sh: &Shell) -> Result<()> {
    let python = python::venv(sh, "scapy", &root().join(CORPORA).join("requirements.txt"))?;
    // -B: no bytecode is left in the checkout.
    let command = cmd!(sh, "{python} -B {CORPORA}/make.py --check");
    command.quiet().run().context("corpora: see above; `make.py` without --check writes them")
}
