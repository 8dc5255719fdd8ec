//! A DNS question (RFC 1035). Any answer to it without an error code passes, as with keepalived.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{ProbeError, connect};
use crate::health::lead::Way;
use lvs_health::spec::DnsCheck;

static NEXT_ID: AtomicU16 = AtomicU16::new(1);

const HEADER: usize = 12;

pub(super) async fn probe(check: &DnsCheck, to: SocketAddr, way: &Way<'_>) -> Result<(), ProbeError> {
    let id = NEXT_ID.fetch_add(0x9e37, Relaxed);
    let question = question(id, &check.name, check.record_type)?;
    if check.tcp {
        let mut stream = connect::tcp(to, way).await?;
        let mut message = (question.len() as u16).to_be_bytes().to_vec();
        message.extend(&question);
        stream.write_all(&message).await.map_err(ProbeError::Lost)?;
        let len = stream.read_u16().await.map_err(ProbeError::Lost)?;
        let mut answer = vec![0; usize::from(len)];
        stream.read_exact(&mut answer).await.map_err(ProbeError::Lost)?;
        return judge(&question, &answer)
            .unwrap_or(Err(ProbeError::Garbled("the answer to another question")));
    }
    let socket = connect::udp(to, way).await?;
    socket.send(&question).await.map_err(ProbeError::Connect)?;
    let mut answer = vec![0; 4096];
    loop {
        let len = socket.recv(&mut answer).await.map_err(ProbeError::Connect)?;
        // Late answers to earlier questions are not for us.
        if let Some(verdict) = judge(&question, &answer[..len]) {
            return verdict;
        }
    }
}

fn question(id: u16, name: &str, record_type: u16) -> Result<Vec<u8>, ProbeError> {
    let mut message = id.to_be_bytes().to_vec();
    message.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let len = u8::try_from(label.len()).ok().filter(|len| *len < 64);
        message.push(len.ok_or(ProbeError::Garbled("a label of the name is longer than 63 bytes"))?);
        message.extend(label.as_bytes());
    }
    message.push(0);
    message.extend(record_type.to_be_bytes());
    message.extend([0, 1]);
    Ok(message)
}

/// None: it is no answer to this question.
fn judge(question: &[u8], answer: &[u8]) -> Option<Result<(), ProbeError>> {
    let header = answer.get(..HEADER)?;
    if header[..2] != question[..2] || header[2] & 0x80 == 0 {
        return None;
    }
    const NAMES: [&str; 6] = ["no error", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];
    let code = usize::from(header[3] & 15);
    Some(if code == 0 {
        Ok(())
    } else {
        Err(ProbeError::unexpected(NAMES.get(code).copied().unwrap_or("an error"), "no error"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_as_rfc_1035_has_them() {
        let bytes = question(0x1234, "example.org.", 28).unwrap();
        let expected = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07example\x03org\0\0\x1c\0\x01";
        assert_eq!(bytes, expected);
        assert_eq!(question(1, ".", 6).unwrap()[HEADER..], [0, 0, 6, 0, 1]);
        assert!(question(1, &"x".repeat(64), 1).is_err());
    }

    #[test]
    fn answers_of_others_and_errors_do_not_pass() {
        let asked = question(7, "a.b", 1).unwrap();
        let answer = |id: u8, flags: u8, code: u8| vec![0, id, flags, code, 0, 1, 0, 0, 0, 0, 0, 0];
        assert!(judge(&asked, &answer(7, 0x81, 0x80)).unwrap().is_ok());
        assert!(judge(&asked, &answer(7, 0x81, 3)).unwrap().is_err());
        assert!(judge(&asked, &answer(8, 0x81, 0)).is_none());
        assert!(judge(&asked, &answer(7, 1, 0)).is_none() && judge(&asked, b"xx").is_none());
    }
}
