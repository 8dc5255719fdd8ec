//! A datagram, and its answer or an ICMP error. Where no answer is needed, none within the time is fine.

use std::net::SocketAddr;

use super::route::ProbeRoute;
use super::{ProbeError, connect};
use lvs_health::spec::UdpCheck;

/// Waits for whatever comes back.
pub(super) async fn probe(
    check: &UdpCheck,
    to: SocketAddr,
    route: &ProbeRoute<'_>,
) -> Result<(), ProbeError> {
    let socket = connect::udp(to, route).await?;
    socket.send(&check.payload).await.map_err(ProbeError::Connect)?;
    let mut answer = vec![0; 65_536];
    let len = connect::receive(&socket, &mut answer).await.map_err(ProbeError::Connect)?;
    judge(check, &answer[..len])
}

/// As keepalived's `check_udp_reply`.
fn judge(check: &UdpCheck, answer: &[u8]) -> Result<(), ProbeError> {
    let bytes = |len: usize| format!("{len} bytes");
    if let Some(min) = check.min_reply_len.filter(|min| answer.len() < *min) {
        return Err(ProbeError::unexpected(bytes(answer.len()), format!("{min} or more")));
    }
    if let Some(max) = check.max_reply_len.filter(|max| answer.len() > *max) {
        return Err(ProbeError::unexpected(bytes(answer.len()), format!("{max} or less")));
    }
    match &check.expect {
        Some(expected) if !expected.matches(answer) => {
            let begin: String =
                answer.iter().take(expected.bytes.len()).map(|byte| format!("{byte:02x}")).collect();
            Err(ProbeError::unexpected(begin, expected))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs_health::spec::Reply;

    #[test]
    fn length_and_beginning_of_a_reply_are_judged() {
        let mut check = UdpCheck { expect: Reply::parse("6f6b01"), ..UdpCheck::default() };
        assert!(judge(&check, b"ok\x01").is_ok() && judge(&check, b"ok").is_ok());
        let why = judge(&check, b"xxok\x01").unwrap_err().to_string();
        assert_eq!(why, "answered 78786f, expected 6f6b01");
        (check.min_reply_len, check.max_reply_len) = (Some(3), Some(4));
        assert!(judge(&check, b"ok").is_err() && judge(&check, b"ok\x01++").is_err());
        assert!(judge(&check, b"ok\x01+").is_ok());
    }
}
