//! Listings of many connections: little of them in memory at a time, and no reader holds up another.

use lvs::director::{ConnFilter, Side};
use lvs_wire::make::{self, Ends};
use lvs_wire::{Outbox, PacketBuf, TcpFlags};

use super::*;

const CONNS: u32 = 20_000;

/// A server whose director has that many connections.
fn busy(limits: Limits) -> (Running, Arc<Director>) {
    let director = Arc::new(Director::new(Settings::default()));
    for command in [add_service(80), add_server(80, 1)] {
        director.apply(&command, Time::ZERO).unwrap();
    }
    let (mut buf, mut outbox) = (PacketBuf::new(), Outbox::default());
    for number in 0..CONNS {
        let client = std::net::Ipv4Addr::from_bits(0x0a09_0000 + number / 10_000).into();
        let ends = Ends::new(client, 1024 + (number % 10_000) as u16, "10.0.0.1".parse().unwrap(), 80);
        buf.fill(&make::tcp(ends, TcpFlags::SYN, &[]));
        director.process(&mut buf, Side::Client, Time::ZERO, &mut outbox);
    }
    (Running::serve(limits, Bare::new(Arc::clone(&director), || Time::ZERO)), director)
}

/// A client that has asked for a listing and reads nothing.
fn stopped(server: &Running) -> UnixStream {
    let mut stream = server.raw();
    let ask = protocol::frame(&Request::Stream(StreamRequest::Entries), MAX_REQUEST).unwrap();
    stream.write_all(&ask).unwrap();
    stream
}

#[test]
fn a_listing_comes_in_small_parts_and_in_order() {
    let (server, director) = busy(Limits::default());
    let mut listed = Vec::new();
    for part in server.client().stream(StreamRequest::Entries).unwrap() {
        let Part::Entries(entries) = part.unwrap() else { panic!("not entries") };
        assert!(entries.len() <= 256, "{} at once", entries.len());
        listed.extend(entries);
    }
    assert_eq!(listed, director.entries(Time::ZERO).flatten().collect::<Vec<_>>());
    assert_eq!(listed.len(), CONNS as usize);
    let details = server.client().stream(StreamRequest::Connections(ConnFilter::default())).unwrap();
    let all: usize = details
        .map(|part| match part.unwrap() {
            Part::Connections(details) => details.len(),
            other => panic!("{other:?}"),
        })
        .sum();
    assert_eq!(all, CONNS as usize);
}

#[test]
fn readers_that_have_stopped_give_their_turn_away_and_are_ended() {
    let limits = Limits {
        listings: 4,
        turn: Duration::from_millis(50),
        unread: Duration::from_millis(500),
        ..Limits::default()
    };
    let (server, _) = busy(limits);
    let deaf: Vec<UnixStream> = (0..4).map(|_| stopped(&server)).collect();
    let mut readers = Vec::new();
    for _ in 0..8 {
        let client = server.client();
        readers.push(std::thread::spawn(move || {
            let parts = client.stream(StreamRequest::Entries).unwrap();
            parts
                .map(|part| match part.unwrap() {
                    Part::Entries(entries) => entries.len(),
                    other => panic!("{other:?}"),
                })
                .sum::<usize>()
        }));
    }
    for reader in readers {
        assert_eq!(reader.join().unwrap(), CONNS as usize);
    }
    for stream in deaf {
        let mut hangup = [PollFd::new(stream.as_fd(), PollFlags::empty())];
        assert_eq!(poll(&mut hangup, PollTimeout::from(10_000u16)), Ok(1), "not ended");
    }
    server.answers();
}

#[test]
fn a_listing_that_the_end_of_the_director_cuts_short_says_so() {
    let (server, _) = busy(Limits { linger: Duration::from_secs(10), ..Limits::default() });
    let mut parts = server.client().stream(StreamRequest::Entries).unwrap();
    assert!(parts.next().unwrap().is_ok());
    let stopping = std::thread::spawn(move || drop(server));
    let last = parts.last().unwrap();
    assert!(matches!(last, Err(ClientError::Refused(Refusal::Stopping))), "{last:?}");
    stopping.join().unwrap();
}
