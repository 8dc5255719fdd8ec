//! The smallest web server and web client that curl and nginx would recognise.
//!
//! Owns the servers' listening sockets until the process ends. Never keeps a connection: one request, one answer,
//! then the server closes. Called by the demo's `run` (servers) and by the walk (client).

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use super::error::DemoError;
use super::netns::Namespace;

const PATIENCE: Duration = Duration::from_secs(2);

/// Longest request line and headers that a server reads.
const LONGEST_REQUEST: usize = 4096;

/// Answers every request on port 80 of `host` with `name`.
pub(super) fn serve(host: &Namespace, name: &'static str) -> Result<(), DemoError> {
    let doing = format!("serve HTTP in {name}");
    let listener =
        host.run(|| TcpListener::bind((Ipv4Addr::UNSPECIFIED, 80))).map_err(DemoError::io(doing))?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away early is its own loss.
            let _ = answer(stream, name);
        }
    });
    Ok(())
}

fn answer(mut stream: TcpStream, name: &str) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut request = Vec::new();
    let mut chunk = [0; 512];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < LONGEST_REQUEST {
        match stream.read(&mut chunk)? {
            0 => break,
            len => request.extend_from_slice(&chunk[..len]),
        }
    }
    let length = name.len() + 1;
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{name}\n")
}

/// Returns what `curl http://ADDR:PORT` prints, asked from `host`.
pub(super) fn fetch(host: &Namespace, server: SocketAddrV4) -> io::Result<String> {
    host.run(|| {
        let mut stream = TcpStream::connect_timeout(&server.into(), PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "GET / HTTP/1.1\r\nHost: {server}\r\nUser-Agent: tunvs-demo\r\nAccept: */*\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer
            .split_once("\r\n\r\n")
            .ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "an answer without headers"))?;
        if !head.starts_with("HTTP/1.1 200 ") {
            let status = head.lines().next().unwrap_or_default();
            return Err(io::Error::new(ErrorKind::InvalidData, format!("answered {status}")));
        }
        Ok(body.trim_end().to_owned())
    })
}
