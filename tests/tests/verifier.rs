//! Every program loads into the running kernel.

use ixp_agent::kernel::load::{self, Capacity, Object};

#[test]
fn the_sampler_loads() {
    let object = Object::find().expect("the built-in object");
    let mut loaded = load::load(&object, Capacity { pairs: 1024, stations: 64 }).expect("it loads");
    let info = load::program(&mut loaded.ebpf).expect("it is there").info().expect("it is loaded");
    eprintln!("{:?} {:?}", info.verified_instruction_count(), info.size_jitted());
    let snapshot = loaded.counters.snapshot(1).expect("it is read");
    assert!(snapshot.pairs.is_empty());
}
