//! A DNS question (RFC 1035). Any answer to it without an error code passes, as with keepalived.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

use hickory_proto::op::{Header, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use hickory_proto::serialize::binary::BinDecodable;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::route::ProbeRoute;
use super::{ProbeError, connect};
use lvs_health::spec::DnsCheck;

static NEXT_ID: AtomicU16 = AtomicU16::new(1);

pub(super) async fn probe(
    check: &DnsCheck,
    to: SocketAddr,
    route: &ProbeRoute<'_>,
) -> Result<(), ProbeError> {
    let id = NEXT_ID.fetch_add(0x9e37, Relaxed);
    let question = question(id, &check.name, check.record_type)?;
    if check.tcp {
        let mut stream = connect::tcp(to, route).await?;
        let mut message = (question.len() as u16).to_be_bytes().to_vec();
        message.extend(&question);
        stream.write_all(&message).await.map_err(ProbeError::Lost)?;
        let len = stream.read_u16().await.map_err(ProbeError::Lost)?;
        let mut answer = vec![0; usize::from(len)];
        stream.read_exact(&mut answer).await.map_err(ProbeError::Lost)?;
        return judge(&question, &answer)
            .unwrap_or(Err(ProbeError::Garbled("the answer to another question")));
    }
    let socket = connect::udp(to, route).await?;
    socket.send(&question).await.map_err(ProbeError::Connect)?;
    let mut answer = vec![0; 4096];
    loop {
        let len = connect::receive(&socket, &mut answer).await.map_err(ProbeError::Connect)?;
        // Late answers to earlier questions are not for us.
        if let Some(verdict) = judge(&question, &answer[..len]) {
            return verdict;
        }
    }
}

fn question(id: u16, name: &str, record_type: u16) -> Result<Vec<u8>, ProbeError> {
    let labels = || name.split('.').filter(|label| !label.is_empty()).map(str::as_bytes);
    // As bytes: what was given is asked for, whatever names may consist of.
    let name = Name::from_labels(labels()).map_err(|_| {
        let is_long = labels().any(|label| label.len() > 63);
        ProbeError::Garbled(if is_long {
            "a label of the name is longer than 63 bytes"
        } else {
            "the name is longer than 255 bytes"
        })
    })?;
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name, RecordType::from(record_type)));
    message.to_vec().map_err(|_| ProbeError::Garbled("the question cannot be written"))
}

/// None: it is no answer to this question. Of an answer only the header counts, as with keepalived: records may be cut off.
fn judge(question: &[u8], answer: &[u8]) -> Option<Result<(), ProbeError>> {
    let asked = Header::from_bytes(question).ok()?.metadata;
    let got = Header::from_bytes(answer).ok()?.metadata;
    if got.id != asked.id || got.message_type != MessageType::Response {
        return None;
    }
    let name = match got.response_code {
        ResponseCode::NoError => return Some(Ok(())),
        ResponseCode::FormErr => "FORMERR",
        ResponseCode::ServFail => "SERVFAIL",
        ResponseCode::NXDomain => "NXDOMAIN",
        ResponseCode::NotImp => "NOTIMP",
        ResponseCode::Refused => "REFUSED",
        _ => "an error",
    };
    Some(Err(ProbeError::unexpected(name, "no error")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: usize = 12;

    #[test]
    fn questions_are_as_rfc_1035_has_them() {
        let bytes = question(0x1234, "example.org.", 28).unwrap();
        let expected = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07example\x03org\0\0\x1c\0\x01";
        assert_eq!(bytes, expected);
        assert_eq!(question(1, ".", 6).unwrap()[HEADER..], [0, 0, 6, 0, 1]);
        let any = question(1, "a b.\u{e9}._X", 65_280).unwrap();
        assert_eq!(any[HEADER..], *b"\x03a b\x02\xc3\xa9\x02_X\0\xff\0\0\x01");
        let why = |name: &str| question(1, name, 1).unwrap_err().to_string();
        assert!(why(&"x".repeat(64)).ends_with("a label of the name is longer than 63 bytes"));
        assert!(question(1, &"x.".repeat(127), 1).is_ok());
        assert!(why(&"x.".repeat(128)).ends_with("the name is longer than 255 bytes"));
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
    #[test]
    fn of_answers_that_are_cut_off_or_lie_only_the_header_counts() {
        let asked = question(7, "a.b", 1).unwrap();
        let mut answer = asked.clone();
        answer[2..4].copy_from_slice(&[0x87, 0x80]);
        // A hundred records are promised, the only one points at itself.
        answer[7] = 100;
        answer.extend(b"\xc0\x15\0\x01\0\x01\0\0\0\0\xff\xff");
        for len in 0..answer.len() {
            let verdict = judge(&asked, &answer[..len]);
            assert_eq!(verdict.is_some_and(|verdict| verdict.is_ok()), len >= HEADER, "{len} bytes");
        }
        for code in 0..=15 {
            answer[3] = code;
            let why = judge(&asked, &answer).unwrap().map_err(|error| error.to_string());
            let name = ["", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];
            let name = name.get(usize::from(code)).unwrap_or(&"an error");
            let expected =
                if code == 0 { Ok(()) } else { Err(format!("answered {name}, expected no error")) };
            assert_eq!(why, expected);
        }
    }
}
