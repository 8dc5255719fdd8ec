//! Two directors that tell each other: the second goes on as the first, and nobody believes hearsay against its own eyes.

use proptest::prelude::*;

use super::*;
use crate::director::{DaemonRole, DaemonSpec, Heard, RecordRefusal, Telling};
use crate::service::{ClientAddrMode, ProxyVersion};

/// The number of the other director, on either side.
const OTHER: u8 = 1;

impl World {
    fn peer(forwarding: Forwarding, protocol: Protocol, mode: Option<ClientAddrMode>) -> Self {
        let mut world = Self::new(protocol, false);
        let laddr_nets = vec!["10.5.0.0/28".parse().unwrap()];
        world.director = Director::new(Settings { laddr_nets, ..Settings::default() });
        let mut spec = ServiceSpec::new(world.service, "rr");
        spec.client_addr_mode = mode;
        world.apply(Command::AddService(spec));
        for real in world.reals {
            let port = if forwarding == Forwarding::Route { 80 } else { 8080 };
            world.apply(Command::AddServer {
                service: world.service,
                server: ServerSpec::new(real, port, forwarding),
            });
        }
        assert_eq!(world.director.begin_hearing(77), OTHER);
        world
    }

    fn carry(&mut self, port: u16, flags: u8) -> (Verdict, Vec<u8>) {
        self.process(&make::tcp(self.request(port), flags, b"x"), Side::Client)
    }

    fn establish(&mut self, port: u16) -> Ends {
        let to = self.send(port, SYN).unwrap();
        self.answer(to, SYN | ACK);
        self.send(port, ACK).unwrap()
    }

    /// Lets the other director hear everything, then what changes.
    fn tell(&self, telling: &mut Telling, other: &Self) -> Heard {
        let mut all = Heard::default();
        loop {
            let mut batch = Vec::new();
            let changes = self.director.tell_changes(telling, &mut batch, self.now);
            let told = self.director.tell_all(telling, &mut batch, self.now);
            let heard = other.director.hear_peer(OTHER, &batch, other.now, other.now);
            all.taken += heard.taken;
            all.ended += heard.ended;
            all.left.iter_mut().zip(heard.left).for_each(|(sum, left)| *sum += left);
            if changes + told == 0 && telling.is_whole() {
                return all;
            }
        }
    }

    fn meet(&self) -> Telling {
        self.director.begin_telling(OTHER).unwrap()
    }
}

fn text(ends: Ends) -> String {
    format!("{ends:?}")
}

fn left(heard: &Heard, reason: RecordRefusal) -> u64 {
    heard.left[reason as usize]
}

#[test]
fn connections_go_on_at_the_other_director_as_they_were() {
    for forwarding in [Forwarding::Masq, Forwarding::FullNat, Forwarding::Route] {
        let [mut first, mut second] = [0; 2].map(|_| World::peer(forwarding, Protocol::Tcp, None));
        first.now = Time::from_secs(1000);
        let is_route = forwarding == Forwarding::Route;
        let to: Vec<_> = (4000..4100)
            .map(|port| {
                let to = first.carry(port, SYN);
                if !is_route {
                    first.answer(ends_of(&to.1), SYN | ACK);
                }
                first.carry(port, ACK)
            })
            .collect();
        let heard = first.tell(&mut first.meet(), &second);
        assert_eq!((heard.taken, heard.left), (100, [0; 6]), "{forwarding:?}");
        assert_eq!(second.counts(), first.counts());
        for (port, to) in (4000..).zip(to) {
            assert_eq!(second.carry(port, ACK), to);
            if !is_route {
                let reply = second.answer(ends_of(&to.1), ACK);
                assert_eq!((reply.src, reply.dst_port), (second.virt, port));
            }
        }
        assert_eq!(second.director.conns.ports().in_use(), first.director.conns.ports().in_use());
    }
}

#[test]
fn offsets_of_proxy_headers_and_of_the_address_option_go_on() {
    for mode in [ClientAddrMode::Proxy(ProxyVersion::V2), ClientAddrMode::Toa] {
        let [mut first, mut second] =
            [0; 2].map(|_| World::peer(Forwarding::FullNat, Protocol::Tcp, Some(mode)));
        let mut telling = first.meet();
        let to = first.establish(4000);
        first.send(4000, ACK);
        first.tell(&mut telling, &second);
        let answer = make::tcp(to.reversed(), ACK, b"an answer");
        let segment = make::tcp(first.request(4000), ACK, b"more");
        for (packet, side) in [(&answer, Side::Server), (&segment, Side::Client)] {
            let ((one, expected), (other, found)) =
                (first.process(packet, side), second.process(packet, side));
            assert_eq!((one, expected), (other, found), "{mode:?} {side:?}");
        }
    }
}

#[test]
fn changes_and_ends_follow() {
    let [mut first, mut second] = [0; 2].map(|_| World::peer(Forwarding::FullNat, Protocol::Tcp, None));
    let mut telling = first.meet();
    let to = first.establish(4000);
    first.establish(4001);
    // As changes, and among all.
    assert_eq!(first.tell(&mut telling, &second).taken, 4);
    assert_eq!(first.director.untold_changes(&telling), 0);
    first.send(4000, FIN);
    first.answer(to, FIN);
    assert_eq!(first.tell(&mut telling, &second).taken, 1);
    let states = |world: &World| {
        let mut states: Vec<_> =
            world.conns().into_iter().map(|conn| (conn.client.port, conn.state)).collect();
        states.sort();
        states
    };
    assert_eq!(states(&second), [(4000, "TIME_WAIT".to_owned()), (4001, "ESTABLISHED".to_owned())]);
    let request = first.request(4001);
    let key = crate::conn::ConnKey::new(
        crate::conn::Role::In,
        6,
        Endpoint::new(request.src, 4001),
        Endpoint::new(request.dst, 80),
    );
    let entry = first.director.conns.peek(&key, first.now).unwrap();
    first.director.conns.end(entry, first.now);
    assert_eq!(first.tell(&mut telling, &second).ended, 1);
    assert_eq!(second.conns().len(), 1);
    first.director.end_telling(&telling);
    // It ends by itself what it is told nothing more of.
    second.pass_time(121);
    assert_eq!((second.conns().len(), second.director.conns.ports().in_use()), (0, 0));
}

#[test]
fn a_connection_in_use_outlives_its_timeout_at_the_other() {
    let [mut first, mut second] = [0; 2].map(|_| World::peer(Forwarding::Masq, Protocol::Udp, None));
    let set = Command::SetTimeouts(TimeoutSettings { tcp: 0, tcp_fin: 0, udp: 10 });
    first.apply(set);
    let mut telling = first.meet();
    let packet = make::udp(first.request(4000), b"x");
    first.process(&packet, Side::Client);
    assert_eq!(first.tell(&mut telling, &second).taken, 0, "a question and its answer");
    let interval = first.director.refresh_interval();
    assert_eq!(interval, Duration::from_millis(2500));
    for _ in 0..20 {
        let since = first.now;
        for world in [&mut first, &mut second] {
            world.pass_time(2);
        }
        first.process(&packet, Side::Client);
        assert_eq!(first.director.note_active(0, since), None);
        first.tell(&mut telling, &second);
        assert_eq!(second.conns().len(), 1);
    }
}

#[test]
fn a_director_that_comes_back_learns_everything_again() {
    let [mut first, mut second] = [0; 2].map(|_| World::peer(Forwarding::FullNat, Protocol::Tcp, None));
    let to = [first.establish(4000), first.establish(4001)];
    first.tell(&mut first.meet(), &second);
    // The second takes over: one connection goes on, one is silent meanwhile.
    second.now = Time::from_secs(20);
    second.send(4000, ACK).unwrap();
    let mut third = World::peer(Forwarding::FullNat, Protocol::Tcp, None);
    // It is known to the second by another number than the first, which is gone.
    let number = second.director.begin_hearing(78);
    let mut telling = second.director.begin_telling(number).unwrap();
    assert_eq!(second.tell(&mut telling, &third).taken, 2);
    for (port, to) in [4000, 4001].into_iter().zip(to) {
        assert_eq!(text(third.send(port, ACK).unwrap()), text(to));
    }
}

#[test]
fn who_sees_the_packets_knows_better() {
    let [mut first, mut second] = [0; 2].map(|_| World::peer(Forwarding::Masq, Protocol::Tcp, None));
    let to = first.establish(4000);
    let mut telling = first.meet();
    first.tell(&mut telling, &second);
    // An echo of what it told itself, and one of a third director that heard it.
    assert_eq!(second.tell(&mut second.meet(), &first), Heard::default());
    let other = second.director.begin_hearing(78);
    let heard = second.tell(&mut second.director.begin_telling(other).unwrap(), &first);
    assert_eq!(left(&heard, RecordRefusal::Older), 1);
    // The second directs for a while, then hears of the past.
    second.now = Time::from_secs(10);
    second.send(4000, FIN);
    second.answer(to, FIN);
    first.now = second.now;
    let heard = first.tell(&mut first.meet(), &second);
    assert_eq!((heard.taken, left(&heard, RecordRefusal::Older)), (0, 1));
    assert_eq!(second.conns()[0].state, "TIME_WAIT");
    let heard = second.tell(&mut second.director.begin_telling(other).unwrap(), &first);
    assert_eq!((heard.taken, first.conns()[0].state.as_str()), (1, "TIME_WAIT"));
}

#[test]
fn a_batch_that_was_under_way_for_long_is_no_younger_for_it() {
    let [mut first, mut second] = [0; 2].map(|_| World::peer(Forwarding::Masq, Protocol::Tcp, None));
    // Its client begins anew, from the same port, at the second director and with another server.
    first.now = Time(1000);
    first.establish(4000);
    first.send(4000, TcpFlags::RST);
    second.now = Time(1010);
    second.establish(3999);
    let to = second.establish(4000);
    let mut batch = Vec::new();
    first.director.tell_all(&mut first.meet(), &mut batch, first.now);
    second.now = Time(1050);
    let heard = second.director.hear_peer(OTHER, &batch, Time(1000), second.now);
    assert_eq!((heard.taken, left(&heard, RecordRefusal::Older)), (0, 1));
    assert_eq!(second.send(4000, ACK).unwrap().dst, to.dst);
    // Packets of before may have been seen late there.
    let heard = second.director.hear_peer(OTHER, &batch, Time(1900), Time(2000));
    assert_eq!((heard.taken, left(&heard, RecordRefusal::Older)), (0, 1));
    // The same from later on is news.
    let heard = second.director.hear_peer(OTHER, &batch, Time(2100), Time(2200));
    assert_eq!(heard.taken, 1);
    assert_ne!(second.send(4000, ACK).unwrap().dst, to.dst);
}

/// Two peers of which the second hears the kernel's messages of the first, too.
fn master_and_backup() -> [World; 2] {
    [DaemonRole::Master, DaemonRole::Backup].map(|role| {
        let world = World::peer(Forwarding::Masq, Protocol::Tcp, None);
        let (interface, group) = ("eth2".to_owned(), None);
        let daemon = DaemonSpec { role, interface, sync_id: 7, max_len: 0, group, port: 0, ttl: 0 };
        world.apply(Command::StartDaemon(daemon));
        world
    })
}

#[test]
fn what_messages_of_the_group_say_stays_hearsay_in_each_state() {
    let [mut first, mut second] = master_and_backup();
    first.establish(4000);
    for (secs, flags) in [(1, FIN), (2, TcpFlags::RST)] {
        first.now = Time::from_secs(secs * 10);
        first.send(4000, flags);
        first.now = Time::from_secs(secs * 10 + 5);
        second.now = first.now;
        let messages = first.director.take_sync_messages(Time::from_secs(100));
        assert_eq!(messages.len(), 1);
        second.director.hear_sync_message(&messages[0].message, second.now);
        let heard = second.tell(&mut second.meet(), &first);
        assert_eq!((heard.taken, left(&heard, RecordRefusal::Older)), (0, 1), "{secs}");
    }
}

/// A server that still has a connection of before answers a SYN with an ACK, and the client gets rid of it by RST before it asks again.
#[test]
fn what_a_message_of_the_group_says_late_ends_no_connection() {
    let [mut first, mut second] = master_and_backup();
    let stale = first.send(4000, SYN).unwrap();
    first.answer(stale, ACK);
    first.send(4000, TcpFlags::RST);
    let late = first.director.take_sync_messages(Time::from_secs(10));
    assert_eq!(late.len(), 1);
    first.now = Time::from_secs(1);
    let to = first.establish(4000);
    assert_ne!((to.dst, to.dst_port), (stale.dst, stale.dst_port));
    second.now = Time::from_secs(2);
    second.director.hear_sync_message(&late[0].message, second.now);
    let heard = second.tell(&mut second.meet(), &first);
    assert_eq!((heard.taken, left(&heard, RecordRefusal::Older)), (0, 1));
    assert_eq!(first.send(4000, ACK).unwrap().dst, to.dst);
    // Who has it from its own eyes tells the other better.
    assert_eq!(first.tell(&mut first.meet(), &second).taken, 1);
    assert_eq!(second.send(4000, ACK).unwrap().dst, to.dst);
}

#[test]
fn connections_without_a_server_or_a_port_are_left() {
    let [mut first, mut second] = [0; 2].map(|_| World::peer(Forwarding::FullNat, Protocol::Tcp, None));
    first.establish(4000);
    // Removed servers are remembered for a while, those of a director that begins anew are not.
    second.director = Director::new(Settings::default());
    second.apply(Command::AddService(ServiceSpec::new(second.service, "rr")));
    assert_eq!(second.director.begin_hearing(77), OTHER);
    let heard = first.tell(&mut first.meet(), &second);
    assert_eq!((heard.taken, left(&heard, RecordRefusal::NoServer)), (0, 1));
    assert!(second.conns().is_empty());
    // Each director gives ports out in the same order: those of the second's own connections stay its own.
    let mut third = World::peer(Forwarding::FullNat, Protocol::Tcp, None);
    third.client = [192, 168, 1, 11].into();
    third.establish(5000);
    let heard = first.tell(&mut first.meet(), &third);
    let taken_of =
        |world: &World| world.conns().into_iter().filter_map(|conn| conn.local).collect::<Vec<_>>();
    let shared = taken_of(&first).iter().filter(|local| taken_of(&third).contains(local)).count() as u64;
    assert_eq!((heard.taken + left(&heard, RecordRefusal::PortTaken), shared), (1, 1));
}

#[test]
fn a_port_that_only_another_knew_goes_to_its_newest_connection() {
    let [mut first, second] = [0; 2].map(|_| World::peer(Forwarding::FullNat, Protocol::Tcp, None));
    first.establish(4000);
    first.tell(&mut first.meet(), &second);
    // The first has started again, and begins with the same port for another client.
    let mut again = World::peer(Forwarding::FullNat, Protocol::Tcp, None);
    again.establish(4444);
    let heard = again.tell(&mut again.meet(), &second);
    assert_eq!(heard.taken, 1, "{heard:?}");
    let conns = second.conns();
    let same_port = conns.iter().filter(|conn| conn.local == conns[0].local).count();
    assert_eq!(same_port, 1, "{conns:?}");
}

#[test]
fn peers_are_bounded() {
    let world = World::peer(Forwarding::Masq, Protocol::Tcp, None);
    let all: Vec<_> = (0..8).map(|_| world.meet()).collect();
    assert!(world.director.begin_telling(OTHER).is_none());
    world.director.end_telling(&all[3]);
    assert!(world.director.begin_telling(OTHER).is_some());
    for id in 0..1000 {
        let teller = world.director.begin_hearing(id + 1000);
        assert!(teller > OTHER);
        world.director.end_hearing(teller);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is flipped in a batch costs a record, and no panic.
    #[test]
    fn damaged_batches_are_survived(flips in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..20)) {
        let mut first = World::peer(Forwarding::FullNat, Protocol::Tcp, Some(ClientAddrMode::Proxy(ProxyVersion::V1)));
        let second = World::peer(Forwarding::FullNat, Protocol::Tcp, None);
        for port in 4000..4010 {
            first.establish(port);
        }
        let (mut batch, mut telling) = (Vec::new(), first.meet());
        let told = first.director.tell_all(&mut telling, &mut batch, first.now) as u64;
        for (at, flip) in flips {
            let at = at % batch.len();
            batch[at] ^= flip;
        }
        let heard = second.director.hear_peer(OTHER, &batch, second.now, second.now);
        prop_assert!(heard.taken <= told);
        prop_assert_eq!(second.director.conn_count() as u64, heard.taken);
    }
}
