//! One member's process of a lab that a test runs: its plan comes on standard input.

fn main() -> anyhow::Result<()> {
    ixp_lab::member::run()
}
