//! A datagram, and perhaps its answer.

use std::net::SocketAddr;
use std::time::Duration;

use super::{ProbeError, connect};
use crate::health::lead::Way;
use crate::health::spec::UdpCheck;

/// How long an ICMP error has to come where no reply is asked for.
const GRACE: Duration = Duration::from_millis(200);

pub(super) async fn probe(check: &UdpCheck, to: SocketAddr, way: &Way<'_>) -> Result<(), ProbeError> {
    let socket = connect::udp(to, way).await?;
    socket.send(&check.payload).await.map_err(ProbeError::Connect)?;
    let mut answer = vec![0; 65_536];
    let received = socket.recv(&mut answer);
    let received = if check.require_reply {
        received.await
    } else {
        match tokio::time::timeout(GRACE, received).await {
            Ok(received) => received,
            Err(_) => return Ok(()),
        }
    };
    let len = received.map_err(ProbeError::Connect)?;
    judge(check, &answer[..len])
}

fn judge(check: &UdpCheck, answer: &[u8]) -> Result<(), ProbeError> {
    let bytes = |len: usize| format!("{len} bytes");
    if let Some(min) = check.min_reply_len.filter(|min| answer.len() < *min) {
        return Err(ProbeError::unexpected(bytes(answer.len()), format!("{min} or more")));
    }
    if let Some(max) = check.max_reply_len.filter(|max| answer.len() > *max) {
        return Err(ProbeError::unexpected(bytes(answer.len()), format!("{max} or less")));
    }
    match &check.expect {
        Some(part) if !part.is_empty() && !answer.windows(part.len()).any(|window| window == part) => {
            Err(ProbeError::unexpected(bytes(answer.len()), "others"))
        }
        _ => Ok(()),
    }
}
