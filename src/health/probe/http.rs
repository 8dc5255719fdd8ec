//! HTTP and HTTPS: GET, and what is expected of status, digest and text.

use std::net::SocketAddr;

use md5::{Digest, Md5};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::error::MAX_ANSWER;
use super::route::ProbeRoute;
use super::{ProbeError, connect, tls};
use lvs_health::spec::{BodyRegex, HttpCheck, HttpUrl, HttpVersion, StatusRange};

/// Longest head of an answer.
const MAX_HEAD: usize = 64 << 10;

pub(super) async fn probe(
    check: &HttpCheck,
    to: SocketAddr,
    route: &ProbeRoute<'_>,
) -> Result<(), ProbeError> {
    let root = [HttpUrl::new("/")];
    let urls = if check.urls.is_empty() { root.as_slice() } else { check.urls.as_slice() };
    for url in urls {
        let host = url.host.as_deref().or(check.host.as_deref());
        let stream = connect::tcp(to, route).await?;
        let answer = match &check.tls {
            None => ask(stream, check.version, url, &host_header(host, to)).await?,
            Some(tls) => {
                let stream = tls::start(tls, stream, to.ip(), host, tls::HTTP_1).await?;
                ask(stream, check.version, url, &host_header(host, to)).await?
            }
        };
        judge(url, &answer)?;
    }
    Ok(())
}

fn host_header(host: Option<&str>, to: SocketAddr) -> String {
    host.map_or_else(|| to.to_string(), str::to_owned)
}

#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    body: Vec<u8>,
}

async fn ask(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    version: HttpVersion,
    url: &HttpUrl,
    host: &str,
) -> Result<Answer, ProbeError> {
    let version = match version {
        HttpVersion::Http10 => "1.0",
        HttpVersion::Http11 => "1.1",
    };
    let request = format!(
        "GET {} HTTP/{version}\r\nHost: {host}\r\nUser-Agent: tunvs\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        url.path
    );
    stream.write_all(request.as_bytes()).await.map_err(ProbeError::Lost)?;
    stream.flush().await.map_err(ProbeError::Lost)?;
    let mut reader = Reader { stream, bytes: Vec::new() };
    let head = reader.head().await?;
    let status = status(&head)?;
    let needs_body = url.digest.is_some() || url.regex.is_some();
    let body = if needs_body { reader.body(&head).await? } else { Vec::new() };
    Ok(Answer { status, body })
}

/// Bytes of an answer that are read and not used yet.
struct Reader<S> {
    stream: S,
    bytes: Vec<u8>,
}

impl<S: AsyncRead + Unpin> Reader<S> {
    /// Reads more; false at the end.
    async fn more(&mut self) -> Result<bool, ProbeError> {
        let mut step = [0; 16 << 10];
        let len = self.stream.read(&mut step).await.map_err(ProbeError::Lost)?;
        self.bytes.extend_from_slice(&step[..len]);
        Ok(len > 0)
    }

    /// Everything up to the empty line.
    async fn head(&mut self) -> Result<String, ProbeError> {
        loop {
            if let Some(at) = self.bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.bytes[..at]).into_owned();
                self.bytes.drain(..at + 4);
                return Ok(head);
            }
            if self.bytes.len() > MAX_HEAD {
                return Err(ProbeError::Garbled("a head of more than 64 KB"));
            }
            if !self.more().await? {
                return Err(ProbeError::Garbled("no HTTP answer"));
            }
        }
    }

    /// The body, or as much of it as may be read.
    async fn body(&mut self, head: &str) -> Result<Vec<u8>, ProbeError> {
        if header(head, "transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            return self.chunks().await;
        }
        let len = header(head, "content-length").and_then(|len| len.parse().ok()).unwrap_or(usize::MAX);
        let wanted = len.min(MAX_ANSWER);
        while self.bytes.len() < wanted && self.more().await? {}
        self.bytes.truncate(wanted);
        Ok(std::mem::take(&mut self.bytes))
    }

    async fn chunks(&mut self) -> Result<Vec<u8>, ProbeError> {
        let mut body = Vec::new();
        while body.len() < MAX_ANSWER {
            let line = self.line().await?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size =
                usize::from_str_radix(size, 16).map_err(|_| ProbeError::Garbled("a chunk without a size"))?;
            if size == 0 {
                break;
            }
            let wanted = size.min(MAX_ANSWER - body.len());
            while self.bytes.len() < wanted {
                if !self.more().await? {
                    return Err(ProbeError::Garbled("a chunk that ends early"));
                }
            }
            body.extend(self.bytes.drain(..wanted));
            if wanted < size {
                break;
            }
            self.line().await?;
        }
        Ok(body)
    }

    async fn line(&mut self) -> Result<String, ProbeError> {
        loop {
            if let Some(at) = self.bytes.windows(2).position(|window| window == b"\r\n") {
                let line = String::from_utf8_lossy(&self.bytes[..at]).into_owned();
                self.bytes.drain(..at + 2);
                return Ok(line);
            }
            if self.bytes.len() > MAX_HEAD || !self.more().await? {
                return Err(ProbeError::Garbled("a line without an end"));
            }
        }
    }
}

fn status(head: &str) -> Result<u16, ProbeError> {
    let line = head.lines().next().unwrap_or_default();
    let code = line.strip_prefix("HTTP/").and_then(|rest| rest.split(' ').nth(1));
    code.and_then(|code| code.parse().ok()).ok_or(ProbeError::Garbled("no HTTP status"))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn judge(url: &HttpUrl, answer: &Answer) -> Result<(), ProbeError> {
    let usual = [StatusRange { first: 200, last: 299 }];
    let ranges = if url.status.is_empty() { usual.as_slice() } else { url.status.as_slice() };
    if !ranges.iter().any(|range| (range.first..=range.last).contains(&answer.status)) {
        let expected: Vec<String> = ranges
            .iter()
            .map(
                |StatusRange { first, last }| {
                    if first == last { first.to_string() } else { format!("{first}-{last}") }
                },
            )
            .collect();
        return Err(ProbeError::unexpected(format!("status {}", answer.status), expected.join(" ")));
    }
    if let Some(digest) = url.digest {
        let got: [u8; 16] = Md5::digest(&answer.body).into();
        if got != digest {
            return Err(ProbeError::unexpected(format!("digest {}", hex(got)), hex(digest)));
        }
    }
    let Some(wanted) = &url.regex else { return Ok(()) };
    match (matches(wanted, &answer.body)?, wanted.negate) {
        (true, false) | (false, true) => Ok(()),
        (true, true) => Err(ProbeError::unexpected("a match", format!("none of {:?}", wanted.pattern))),
        (false, false) => Err(ProbeError::unexpected("no match", format!("{:?}", wanted.pattern))),
    }
}

fn matches(wanted: &BodyRegex, body: &[u8]) -> Result<bool, ProbeError> {
    let regex = wanted.compile()?;
    if wanted.min_offset > body.len() {
        return Ok(false);
    }
    let found = regex.find_at(body, wanted.min_offset)?;
    Ok(found.is_some_and(|found| wanted.max_offset.is_none_or(|most| found.start() <= most)))
}

fn hex(bytes: [u8; 16]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answer(text: &str, needs_body: bool) -> Result<Answer, ProbeError> {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        theirs.write_all(text.as_bytes()).await.unwrap();
        theirs.shutdown().await.unwrap();
        let mut url = HttpUrl::new("/x");
        url.regex = needs_body.then(|| BodyRegex::new("x"));
        ask(ours, HttpVersion::Http11, &url, "example.org").await
    }

    #[tokio::test]
    async fn bodies_come_by_length_by_chunks_and_to_the_end() {
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
            "HTTP/1.0 200 OK\r\n\r\nhello",
        ] {
            let answer = answer(text, true).await.unwrap();
            assert_eq!(answer, Answer { status: 200, body: b"hello".to_vec() });
        }
        assert!(answer("SSH-2.0-x\r\n\r\n", false).await.is_err());
        assert!(answer("HTTP/1.1 200", false).await.is_err());
        assert!(answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", true).await.is_err());
    }

    /// Servers that keepalived's checker takes too. docs/decisions has what a library made of them.
    #[tokio::test]
    async fn odd_servers_stay_up() {
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\nhello", "a:\r\n".repeat(8000));
        for text in [
            "HTTP/1.1 200\r\n\r\nhello",
            "HTTP/1.1 200 D\u{e9}j\u{e0}\r\n\r\nhello",
            "HTTP/1 200 OK\r\n\r\nhello",
            "HTTP/1.2 200 OK\r\n\r\nhello",
            "HTTP/2 200 OK\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
            "HTTP/1.1 200 OK\r\nnonsense\r\nX Y : z\r\n more\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nX: a\0b\rc\x01\r\n\r\nhello",
            &many,
        ] {
            let expected = Answer { status: 200, body: b"hello".to_vec() };
            assert_eq!(answer(text, true).await.unwrap(), expected, "{text:.80}");
        }
        assert_eq!(answer("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", false).await.unwrap().status, 200);
    }

    /// Some answer whoever connects, before a word was said, and have closed when the question comes.
    #[tokio::test]
    async fn a_server_that_answers_before_it_is_asked_stays_up() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        server.write_all(b"HTTP/1.0 200 OK\r\n\r\nhello").await.unwrap();
        server.shutdown().await.unwrap();
        stream.readable().await.unwrap();
        let mut url = HttpUrl::new("/a b#c");
        url.regex = Some(BodyRegex::new("hello"));
        let answer = ask(stream, HttpVersion::Http10, &url, "x").await.unwrap();
        assert!(judge(&url, &answer).is_ok());
        let mut asked = vec![0; 1024];
        let len = server.read(&mut asked).await.unwrap();
        assert!(asked[..len].starts_with(b"GET /a b#c HTTP/1.0\r\n"));
    }

    #[tokio::test]
    async fn a_flood_is_cut_off() {
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        let flooding = tokio::spawn(async move {
            let _ = theirs.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while theirs.write_all(&[b'x'; 4096]).await.is_ok() {}
        });
        let mut url = HttpUrl::new("/");
        url.regex = Some(BodyRegex::new("y"));
        let answer = ask(ours, HttpVersion::Http11, &url, "x").await.unwrap();
        assert_eq!(answer.body.len(), MAX_ANSWER);
        flooding.await.unwrap();
    }

    #[test]
    fn a_pattern_without_an_end_is_given_up() {
        let mut url = HttpUrl::new("/");
        url.regex = Some(BodyRegex::new("^(x+x+)+y"));
        let answer = Answer { status: 200, body: [vec![b'x'; 60], b" y".to_vec()].concat() };
        let given_up = judge(&url, &answer).unwrap_err();
        assert!(matches!(&given_up, ProbeError::Regex(_)), "{given_up}");
    }

    #[test]
    fn status_digest_and_text_are_judged() {
        let answer = |status, body: &str| Answer { status, body: body.as_bytes().to_vec() };
        let mut url = HttpUrl::new("/");
        assert!(judge(&url, &answer(204, "")).is_ok() && judge(&url, &answer(301, "")).is_err());
        url.status = vec![StatusRange { first: 301, last: 302 }];
        assert!(judge(&url, &answer(200, "")).is_err() && judge(&url, &answer(302, "")).is_ok());
        url.status.clear();
        url.digest = Some([
            0x5d, 0x41, 0x40, 0x2a, 0xbc, 0x4b, 0x2a, 0x76, 0xb9, 0x71, 0x9d, 0x91, 0x10, 0x17, 0xc5, 0x92,
        ]);
        assert!(judge(&url, &answer(200, "hello")).is_ok() && judge(&url, &answer(200, "hullo")).is_err());
        url.digest = None;
        url.regex = Some(BodyRegex { case_insensitive: true, max_offset: Some(3), ..BodyRegex::new("ok+") });
        assert!(
            judge(&url, &answer(200, "is OKK")).is_ok() && judge(&url, &answer(200, "is not ok")).is_err()
        );
        url.regex = Some(BodyRegex { negate: true, ..BodyRegex::new("error") });
        assert!(judge(&url, &answer(200, "fine")).is_ok() && judge(&url, &answer(200, "error")).is_err());
        url.regex = Some(BodyRegex::new(r"(?<!un)well(?=, thanks)"));
        assert!(
            judge(&url, &answer(200, "well, thanks")).is_ok() && judge(&url, &answer(200, "well")).is_err()
        );
        assert!(judge(&url, &answer(200, "unwell, thanks")).is_err());
        url.regex = Some(BodyRegex::new("gr[\u{fc}\u{f6}]n"));
        assert!(
            judge(&url, &answer(200, "gr\u{fc}n")).is_ok() && judge(&url, &answer(200, "gr\u{e4}n")).is_err()
        );
        url.regex = Some(BodyRegex::new("("));
        assert!(matches!(judge(&url, &answer(200, "")), Err(ProbeError::Regex(_))));
    }
}
