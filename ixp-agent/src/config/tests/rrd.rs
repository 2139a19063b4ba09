//! What `[rrd]` takes, and what it says of the rest.

use super::*;
use crate::snapshot::Source;

const STORE: &str = "[store]\nfolder = \"store\"\n";

#[test]
fn files_of_a_portal_need_a_daemon_a_folder_and_a_table() {
    let text = format!(
        "{STORE}[rrd]\nrrdcached = \"unix:/run/r.sock\"\nfolder = \"/srv/ixpmatrix/\"\nvlis = \"vlis.json\"\n\
         source = \"sampled\"\nfcs = true\nreach_back = \"forever\"\n"
    );
    let rrd = resolved(&text, Overrides::default()).unwrap().rrd;
    let portal = Portal {
        rrdcached: Rrdcached::Unix("/run/r.sock".into()),
        folder: "/srv/ixpmatrix".to_owned(),
        vlis: Mapper::File("etc/vlis.json".into()),
    };
    assert_eq!(rrd, Rrd { portal: Some(portal), source: Some(Source::Sampled), fcs: true, reach_back: None });
    assert_eq!(resolved("[rrd]\nfcs = true\n", Overrides::default()).unwrap().rrd.portal, None);
}

#[test]
fn the_table_of_vlan_interfaces_is_a_file_or_an_address_with_a_key() {
    let head = format!("{STORE}[rrd]\nrrdcached = \"/r\"\nfolder = \"f\"\n");
    let url = "https://ixp.example.net/api/v4/sflow-db-mapper/configured-macs";
    let vlis = |more: &str| {
        resolved(&format!("{head}{more}"), Overrides::default()).unwrap().rrd.portal.unwrap().vlis
    };
    let portal =
        |key_file: Option<&str>| Mapper::Portal { url: url.to_owned(), key_file: key_file.map(Into::into) };
    assert_eq!(vlis(&format!("vlis = {url:?}\n")), portal(None));
    assert_eq!(vlis(&format!("vlis = {url:?}\nvlis_key_file = \"key\"\n")), portal(Some("etc/key")));
    check(
        &format!("{head}vlis = \"ftp://x\"\n"),
        &[&format!("c:6: vlis = \"ftp://x\" is no address; write it as {url:?}")],
    );
    for secret in ["https://ixp.example.net/macs?apikey=secret", "https://me:secret@ixp.example.net/macs"] {
        let hint = "is how its address is written: a key goes into the file of vlis_key_file";
        check(&format!("{head}vlis = {secret:?}\n"), &[&format!("c:6: vlis = {url:?} {hint}")]);
    }
    check(
        &format!("{head}vlis = \"vlis.json\"\nvlis_key_file = \"key\"\n"),
        &[&format!("c:7: vlis_key_file goes with an address; write vlis = {url:?}")],
    );
}

#[test]
fn what_lacks_is_named() {
    check(
        "[rrd]\nrrdcached = \"/run/r.sock\"\n",
        &[
            r#"c:2: rrdcached goes with folder, which is missing in [rrd]; write it as folder = "/srv/ixpmatrix""#,
            r#"c:2: rrdcached goes with vlis, which is missing in [rrd]; write it as vlis = "vlis.json""#,
            "c:2: what is written to RRD files comes from the store; write folder in [store], too",
        ],
    );
}

#[test]
fn an_address_is_a_socket_or_a_host_with_a_port() {
    let said = |address: &str| {
        let text = format!("{STORE}[rrd]\nrrdcached = {address:?}\nfolder = \"f\"\nvlis = \"v\"\n");
        resolved(&text, Overrides::default()).map_err(|error| error.to_string())
    };
    for right in ["/r", "unix:/r", "localhost:1", "192.0.2.1:42217", "[2001:db8::1]:42217"] {
        assert!(said(right).is_ok(), "{right}");
    }
    for wrong in ["r.sock", "unix:r.sock", "localhost", "localhost:0", ":1", "unix:localhost:1"] {
        let error = said(wrong).expect_err(wrong);
        let hint =
            r#"is no address; write the path of its socket, as "/var/run/rrdcached.sock", or host and port"#;
        assert!(error.contains(hint), "{error}");
    }
    check(
        &format!("{STORE}[rrd]\nrrdcached = \"/r\"\nfolder = \"/\"\nvlis = \"v\"\n"),
        &[r#"c:5: folder = "/" is no folder for files; write it as "/srv/ixpmatrix""#],
    );
}
