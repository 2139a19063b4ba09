//! Claims about whose samples are received, and where.

use super::*;
use crate::config::sflow::{Exporter, Listen};
use crate::intake::Directions;

#[test]
fn exporters_are_named_and_their_addresses_are_those_that_datagrams_come_from() {
    let text = "[sflow.listen]\n[[sflow.exporter]]\naddress = \"::ffff:192.0.2.1\"\nname = \"sw1\"\n\
                [[sflow.exporter]]\naddress = \"2001:db8::1\"\ndirections = \"both\"\n";
    let listen = resolved(text, Overrides::default()).unwrap().sflow.listen.unwrap();
    let first =
        Exporter { address: "192.0.2.1".parse().unwrap(), name: Some("sw1".to_owned()), directions: None };
    let second =
        Exporter { address: "2001:db8::1".parse().unwrap(), name: None, directions: Some(Directions::Both) };
    assert_eq!(listen, Listen { exporters: vec![first, second], ..Listen::default() });
}

#[test]
fn a_listener_without_exporters_and_exporters_without_one_are_told_what_lacks() {
    check(
        "[sflow.listen]\naddress = \"0.0.0.0:6343\"\n",
        &["c:1: nobody may send samples: write [[sflow.exporter]] with the address of each switch"],
    );
    check(
        "[[sflow.exporter]]\naddress = \"192.0.2.1\"\n",
        &["c:2: nobody listens for its samples: write [sflow.listen], as address = \"0.0.0.0:6343\""],
    );
}

#[test]
fn what_is_no_listener_and_no_exporter_is_told_what_to_write() {
    check(
        "[sflow.listen]\naddress = \"0.0.0.0\"\nworkers = 0\nreceive_buffer = 10\n\
         [[sflow.exporter]]\naddress = \"sw1\"\nname = \"\"\n[[sflow.exporter]]\naddress = \"192.0.2.1\"\nname = \"\"\n\
         [[sflow.exporter]]\naddress = \"::ffff:192.0.2.1\"\n[[sflow.exporter]]\nname = \"sw3\"\n",
        &[
            r#"c:2: address = "0.0.0.0" is no address with a port; write it as "0.0.0.0:6343" or "[::]:6343""#,
            "c:3: workers = 0 is out of range; write 1 to 64",
            "c:4: receive_buffer = 10 is out of range; write 65536 to 1073741824",
            r#"c:6: address = "sw1" is no IP address of a host; write it as "192.0.2.1" or "2001:db8::1""#,
            "c:10: name is empty; give it a value or leave it out",
            "c:12: 192.0.2.1 is an exporter already; write it once",
            r#"c:13: "address" is missing; write it as address = "192.0.2.1""#,
        ],
    );
}
