//! Traffic of other members comes in, a part of it goes back.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::thread;

use super::{ZEROS, keep_small};

/// Serves every connection.
pub(super) fn tcp(listener: &TcpListener) {
    for stream in listener.incoming().flatten() {
        thread::spawn(move || answer(stream));
    }
}

/// Sends a quarter of what came in back, until the peer is gone.
fn answer(mut stream: TcpStream) -> io::Result<()> {
    keep_small(&stream);
    let mut buffer = [0u8; 8192];
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&ZEROS[..read.div_ceil(4)])?;
    }
}

/// Answers every fourth datagram by one of half its size.
pub(super) fn udp(sink: &UdpSocket) {
    let mut buffer = [0u8; 2048];
    for count in 0u64.. {
        let Ok((read, from)) = sink.recv_from(&mut buffer) else {
            continue;
        };
        if count.is_multiple_of(4) {
            // A datagram that finds no room is lost, as on any router.
            let _: io::Result<usize> = sink.send_to(&buffer[..read / 2], from);
        }
    }
}
