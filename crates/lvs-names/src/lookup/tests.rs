//! Answers of all kinds, by a name server in this process.

use std::net::Ipv4Addr;
use std::sync::Arc;

use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::Record;
use hickory_resolver::proto::rr::rdata::{A, CNAME, SRV};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

use super::*;

fn whole(search: &str, ndots: usize, name: &str) -> Vec<String> {
    let mut servers = NameServers::new(&["127.0.0.1:53".parse().unwrap()]).unwrap();
    servers.search = search.split(' ').filter_map(|name| Name::from_ascii(name).ok()).collect();
    servers.ndots = ndots;
    servers.whole(name).iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn names_are_completed_as_glibc_completes_them() {
    assert_eq!(whole("a.test b.test", 1, "web"), ["web.a.test.", "web.b.test.", "web."]);
    assert_eq!(whole("a.test", 1, "web.x"), ["web.x.", "web.x.a.test."]);
    assert_eq!(whole("a.test", 5, "web.x"), ["web.x.a.test.", "web.x."]);
    assert_eq!(whole("a.test", 5, "web."), ["web."]);
    assert_eq!(whole("a.test", 1, "-web"), Vec::<String>::new());
    assert_eq!(whole("a.test", 1, "_http._tcp.x")[0], "_http._tcp.x.");
}

/// A way that a question came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Udp,
    Tcp,
}

type Say = dyn Fn(&str, RecordType, Way) -> Message + Send + Sync;

fn answered(say: &Say, question: &[u8], way: Way) -> Vec<u8> {
    let question = Message::from_vec(question).unwrap();
    let asked = &question.queries[0];
    let mut answer = say(&asked.name().to_ascii(), asked.query_type(), way);
    answer.metadata.id = question.metadata.id;
    answer.queries = question.queries;
    answer.to_vec().unwrap()
}

/// A name server on the loopback.
async fn server(say: impl Fn(&str, RecordType, Way) -> Message + Send + Sync + 'static) -> SocketAddr {
    let say: Arc<Say> = Arc::new(say);
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let addr = udp.local_addr().unwrap();
    let tcp = TcpListener::bind(addr).await.unwrap();
    let by_udp = Arc::clone(&say);
    tokio::spawn(async move {
        let mut question = [0; 2048];
        while let Ok((length, from)) = udp.recv_from(&mut question).await {
            udp.send_to(&answered(&*by_udp, &question[..length], Way::Udp), from).await.unwrap();
        }
    });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = tcp.accept().await {
            while let Ok(length) = stream.read_u16().await {
                let mut question = vec![0; usize::from(length)];
                stream.read_exact(&mut question).await.unwrap();
                let answer = answered(&*say, &question, Way::Tcp);
                stream.write_u16(answer.len() as u16).await.unwrap();
                stream.write_all(&answer).await.unwrap();
            }
        }
    });
    addr
}

fn code(code: ResponseCode) -> Message {
    let mut message = Message::response(0, OpCode::Query);
    message.metadata.response_code = code;
    message
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn answer(records: &[(&str, u32, RData)]) -> Message {
    let mut message = code(ResponseCode::NoError);
    let records =
        records.iter().map(|(owner, ttl, data)| Record::from_rdata(name(owner), *ttl, data.clone()));
    message.answers = records.collect();
    message
}

fn a(addr: [u8; 4]) -> RData {
    RData::A(A(Ipv4Addr::from(addr)))
}

fn alias(target: &str) -> RData {
    RData::CNAME(CNAME(name(target)))
}

/// Addresses of a name by these servers, and their time.
async fn addrs(servers: &[SocketAddr], name: &str) -> Result<(Vec<String>, u64), LookupError> {
    let found = NameServers::new(servers).unwrap().addrs(name, false).await?;
    Ok((found.records.iter().map(ToString::to_string).collect(), found.ttl.as_secs()))
}

/// Whether servers may go for what was said.
fn is_nothing_said<T>(said: &Result<T, LookupError>) -> bool {
    matches!(said, Err(LookupError::Nothing(_)))
}

fn is_failure<T>(said: &Result<T, LookupError>) -> bool {
    matches!(said, Err(LookupError::Failed(_)))
}

#[tokio::test]
async fn a_no_is_told_apart_from_trouble() {
    for (said, is_no) in [
        (ResponseCode::NXDomain, true),
        (ResponseCode::NoError, true),
        (ResponseCode::ServFail, false),
        (ResponseCode::Refused, false),
        (ResponseCode::NotImp, false),
        (ResponseCode::FormErr, false),
        (ResponseCode::NotAuth, false),
    ] {
        let server = server(move |_, _, _| code(said)).await;
        let found = addrs(&[server], "web.test").await;
        assert_eq!((is_nothing_said(&found), is_failure(&found)), (is_no, !is_no), "{said}: {found:?}");
    }
}

#[tokio::test]
async fn one_server_in_trouble_is_not_the_end_where_another_answers() {
    let good = server(|owner, _, _| answer(&[(owner, 0, a([10, 0, 0, 1]))])).await;
    for said in [ResponseCode::ServFail, ResponseCode::Refused] {
        let bad = server(move |_, _, _| code(said)).await;
        for servers in [[bad, good], [good, bad]] {
            assert_eq!(addrs(&servers, "web.test").await, Ok((vec!["10.0.0.1".to_owned()], 0)), "{said}");
        }
    }
}

#[tokio::test]
async fn half_an_answer_never_counts() {
    let half = |owner: &str| {
        let mut message = answer(&[(owner, 5, a([10, 0, 0, 1]))]);
        message.metadata.truncation = true;
        message
    };
    let whole = server(move |owner, _, way| match way {
        Way::Udp => half(owner),
        Way::Tcp => answer(&[(owner, 7, a([10, 0, 0, 1])), (owner, 6, a([10, 0, 0, 2]))]),
    })
    .await;
    let two = vec!["10.0.0.1".to_owned(), "10.0.0.2".to_owned()];
    assert_eq!(addrs(&[whole], "web.test").await, Ok((two, 6)));
    let never_whole = server(move |owner, _, _| half(owner)).await;
    assert!(is_failure(&addrs(&[never_whole], "web.test").await));
    let fails_by_tcp = server(move |owner, _, way| match way {
        Way::Udp => half(owner),
        Way::Tcp => code(ResponseCode::ServFail),
    })
    .await;
    assert!(is_failure(&addrs(&[fails_by_tcp], "web.test").await));
}

#[tokio::test]
async fn aliases_are_followed_and_a_circle_of_them_is_trouble() {
    // All at once, and each by itself.
    let chain = [
        ("web.test.", 9, alias("a.test.")),
        ("a.test.", 4, alias("b.test.")),
        ("b.test.", 8, a([10, 0, 0, 1])),
    ];
    let at_once = chain.clone();
    for by in [
        server(move |_, _, _| answer(&at_once)).await,
        server(move |owner, _, _| {
            answer(&chain.iter().filter(|(name, ..)| *name == owner).cloned().collect::<Vec<_>>())
        })
        .await,
    ] {
        assert_eq!(addrs(&[by], "web.test").await, Ok((vec!["10.0.0.1".to_owned()], 4)));
    }
    let circle = server(|owner, _, _| {
        answer(&[(owner, 5, alias(if owner == "web.test." { "other.test." } else { "web.test." }))])
    })
    .await;
    let said = addrs(&[circle], "web.test").await;
    assert!(is_failure(&said), "{said:?}");
    // An alias of what does not exist is a no.
    let dead_end = server(|owner, _, _| match owner {
        "web.test." => answer(&[(owner, 5, alias("gone.test."))]),
        _ => code(ResponseCode::NXDomain),
    })
    .await;
    let said = addrs(&[dead_end], "web.test").await;
    assert!(is_nothing_said(&said), "{said:?}");
}

#[tokio::test]
async fn services_are_found_behind_an_alias() {
    let records = [
        ("_http._tcp.web.test.", 20, alias("_http._tcp.east.test.")),
        ("_http._tcp.east.test.", 30, RData::SRV(SRV::new(1, 2, 8080, name("one.test.")))),
        ("_http._tcp.east.test.", 30, RData::SRV(SRV::new(1, 0, 8081, name(".")))),
    ];
    let at_once = records.clone();
    let of = |records: &[(&'static str, u32, RData)], owner: &str| {
        answer(&records.iter().filter(|(name, ..)| *name == owner).cloned().collect::<Vec<_>>())
    };
    for by in [
        server(move |owner, kind, _| match owner {
            "_http._tcp.web.test." if kind == RecordType::SRV => answer(&at_once),
            owner => of(&at_once, owner),
        })
        .await,
        server(move |owner, _, _| of(&records, owner)).await,
    ] {
        let servers = NameServers::new(&[by]).unwrap();
        let found = servers.services("_http._tcp.web.test").await.unwrap();
        let hosts: Vec<_> = found.records.iter().map(|srv| (srv.host.as_str(), srv.port)).collect();
        assert_eq!((hosts, found.ttl.as_secs()), (vec![("one.test.", 8080), (".", 8081)], 20));
    }
}
