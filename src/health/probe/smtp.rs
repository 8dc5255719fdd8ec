//! A greeting: 220, HELO, 250, QUIT, 221, as keepalived's `SMTP_CHECK`.

use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::error::MAX_ANSWER;
use super::route::ProbeRoute;
use super::{ProbeError, connect};
use lvs_health::spec::SmtpCheck;

pub(super) async fn probe(
    check: &SmtpCheck,
    to: SocketAddr,
    route: &ProbeRoute<'_>,
) -> Result<(), ProbeError> {
    let stream = connect::tcp(to, route).await?;
    let mut stream = BufReader::new(stream);
    expect(&mut stream, "220").await?;
    for (line, code) in [(format!("HELO {}\r\n", check.helo), "250"), ("QUIT\r\n".to_owned(), "221")] {
        stream.get_mut().write_all(line.as_bytes()).await.map_err(ProbeError::Lost)?;
        expect(&mut stream, code).await?;
    }
    Ok(())
}

/// Reads an answer of one or more lines (RFC 5321, 4.2.1).
async fn expect(stream: &mut BufReader<TcpStream>, code: &str) -> Result<(), ProbeError> {
    let mut left = MAX_ANSWER as u64;
    loop {
        let mut line = Vec::new();
        let mut bounded = (&mut *stream).take(left);
        let len = bounded.read_until(b'\n', &mut line).await.map_err(ProbeError::Lost)?;
        left -= len as u64;
        if line.last() != Some(&b'\n') {
            return Err(ProbeError::Garbled("a line without an end"));
        }
        let text = String::from_utf8_lossy(&line);
        if !text.starts_with(code) {
            let shown: String = text.trim_end().chars().take(80).collect();
            return Err(ProbeError::unexpected(format!("{shown:?}"), code));
        }
        if line.get(3) != Some(&b'-') {
            return Ok(());
        }
    }
}
