//! `grpc.health.v1.Health/Check` over HTTP/2. Its two messages are small enough to be written and read here.

use std::net::SocketAddr;

use h2::client;
use http::Request;
use tokio::io::{AsyncRead, AsyncWrite};

use super::route::ProbeRoute;
use super::{ProbeError, connect, tls};
use lvs_health::spec::GrpcCheck;

/// A health answer has a few bytes.
const LONGEST: usize = 4096;

const SERVING: u64 = 1;

pub(super) async fn probe(
    check: &GrpcCheck,
    to: SocketAddr,
    route: &ProbeRoute<'_>,
) -> Result<(), ProbeError> {
    let stream = connect::tcp(to, route).await?;
    let authority = check.authority.clone().unwrap_or_else(|| to.to_string());
    match &check.tls {
        None => ask(stream, check, "http", &authority).await,
        Some(tls) => {
            let host = check.authority.as_deref();
            let stream = tls::start(tls, stream, to.ip(), host, tls::HTTP_2).await?;
            ask(stream, check, "https", &authority).await
        }
    }
}

async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    check: &GrpcCheck,
    scheme: &str,
    authority: &str,
) -> Result<(), ProbeError> {
    let (sender, connection) = client::handshake(stream).await.map_err(failed)?;
    tokio::select! {
        answered = converse(sender, check, scheme, authority) => answered,
        ended = connection => Err(ended.err().map_or(ProbeError::Grpc("connection closed".into()), failed)),
    }
}

async fn converse(
    sender: client::SendRequest<bytes::Bytes>,
    check: &GrpcCheck,
    scheme: &str,
    authority: &str,
) -> Result<(), ProbeError> {
    let mut sender = sender.ready().await.map_err(failed)?;
    let request = Request::post(format!("{scheme}://{authority}/grpc.health.v1.Health/Check"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .map_err(|error| ProbeError::Grpc(error.to_string()))?;
    let (response, mut body) = sender.send_request(request, false).map_err(failed)?;
    body.send_data(message(&check.service).into(), true).map_err(failed)?;
    let response = response.await.map_err(failed)?;
    if response.status() != 200 {
        return Err(ProbeError::unexpected(format!("HTTP status {}", response.status()), 200));
    }
    // An error comes as headers alone.
    grpc_status(response.headers())?;
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    while let Some(data) = body.data().await {
        let data = data.map_err(failed)?;
        let _ = body.flow_control().release_capacity(data.len());
        bytes.extend_from_slice(&data);
        if bytes.len() > LONGEST {
            return Err(ProbeError::Garbled("a health answer of more than 4 KB"));
        }
    }
    if let Some(trailers) = body.trailers().await.map_err(failed)? {
        grpc_status(&trailers)?;
    }
    match status(&bytes) {
        Some(SERVING) => Ok(()),
        Some(other) => {
            let name = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"].get(other as usize);
            Err(ProbeError::unexpected(name.copied().unwrap_or("another state"), "SERVING"))
        }
        None => Err(ProbeError::Garbled("no health answer")),
    }
}

fn grpc_status(headers: &http::HeaderMap) -> Result<(), ProbeError> {
    let Some(status) = headers.get("grpc-status") else { return Ok(()) };
    if status == "0" {
        return Ok(());
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Err(ProbeError::Grpc(format!("status {} {}", text("grpc-status"), text("grpc-message"))))
}

/// `HealthCheckRequest`, framed: not compressed, its length, field 1.
fn message(service: &str) -> Vec<u8> {
    let mut message = Vec::new();
    if !service.is_empty() {
        message.push(0x0a);
        let mut len = service.len();
        while len >= 0x80 {
            message.push((len & 0x7f) as u8 | 0x80);
            len >>= 7;
        }
        message.push(len as u8);
        message.extend(service.as_bytes());
    }
    let mut frame = vec![0];
    frame.extend((message.len() as u32).to_be_bytes());
    frame.extend(message);
    frame
}

/// The status in a framed `HealthCheckResponse`; a message without it says 0.
fn status(frame: &[u8]) -> Option<u64> {
    let (0, rest) = (*frame.first()?, frame.get(5..)?) else { return None };
    match rest {
        [] => Some(0),
        [0x08, value] if *value < 0x80 => Some(u64::from(*value)),
        _ => None,
    }
}

fn failed(error: h2::Error) -> ProbeError {
    ProbeError::Grpc(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_as_protobuf_has_them() {
        assert_eq!(message(""), [0, 0, 0, 0, 0]);
        assert_eq!(message("ab"), [0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b']);
        assert_eq!(message(&"x".repeat(300))[5..8], [0x0a, 0xac, 2]);
        assert_eq!(status(&[0, 0, 0, 0, 2, 8, 1]), Some(1));
        assert_eq!(status(&[0, 0, 0, 0, 0]), Some(0));
        assert_eq!(status(&[1, 0, 0, 0, 2, 8, 1]), None);
        assert_eq!(status(b""), None);
    }
}
