//! Control connections of FTP: what they announce is expected, and the server's answers name the virtual address.
//! Same job as `ip_vs_ftp_in` and `ip_vs_ftp_out`.
//!
//! The control connection is unlocked while the connection under it is made.

use crate::conn::{ConnKey, Connection, Entry, Role, State, TcpState};
use crate::director::path::packet::Packet;
use crate::director::{Director, DropReason};
use crate::service::{Endpoint, Protocol};
use lvs_wire::{Checksum, checksum, protocol};

/// The server's data port is the one below its control port; so is the virtual one.
const fn data_port(control: u16) -> u16 {
    control.wrapping_sub(1)
}

/// A data connection that is going to come.
struct Expected {
    ends: [Endpoint; 3],
    /// The client connects, from a port that is not known.
    is_passive: bool,
}

impl Director {
    /// Watches a new connection that is a control connection of FTP.
    pub(in crate::director) fn watch_ftp(&self, conn: &mut Connection) {
        if conn.method.is_rewritten()
            && conn.local().is_none()
            && conn.protocol() == Protocol::Tcp.number()
            && conn.virt().port != 0
            && self.settings.ftp_ports.contains(&conn.virt().port)
        {
            conn.watch_ftp();
        }
    }

    /// A packet of the client on its way to the server.
    pub(in crate::director) fn ftp_request<'a>(
        &'a self,
        packet: &mut Packet<'_>,
        mut entry: Entry<'a>,
    ) -> Result<Entry<'a>, DropReason> {
        let data = readable(packet)?;
        let (established, is_v6) = (is_established(&entry), packet.headers.is_v6());
        let (virt, real) = (entry.virt(), entry.real());
        let Some(control) = entry.ftp_mut() else { return Ok(entry) };
        let client = if established { control.hear_client(&packet.payload()[data..], is_v6) } else { None };
        let correction = *control.correction();
        let (l4, len, state) = (packet.headers.l4, packet.headers.len, packet.buf.offload.checksum);
        correction.adjust_acknowledged(&mut packet.buf.bytes_mut()[l4..len], state);
        let Some(client) = client else { return Ok(entry) };
        let ends = [
            client,
            Endpoint::new(virt.addr, data_port(virt.port)),
            Endpoint::new(real.addr, data_port(real.port)),
        ];
        self.expect(packet, entry, &Expected { ends, is_passive: false })
    }

    /// A packet of the server on its way to the client.
    pub(in crate::director) fn ftp_answer<'a>(
        &'a self,
        packet: &mut Packet<'_>,
        mut entry: Entry<'a>,
    ) -> Result<Entry<'a>, DropReason> {
        let data = readable(packet)?;
        let (established, client, virt) = (is_established(&entry), entry.client(), entry.virt());
        let real = entry.real().addr;
        let payload = packet.payload();
        let sequence = u32::from_be_bytes([payload[4], payload[5], payload[6], payload[7]]);
        let Some(control) = entry.ftp_mut() else { return Ok(entry) };
        let announced =
            if established { control.hear_server(sequence, &payload[data..], real) } else { None };
        if let Some(announced) = announced {
            let virt = Endpoint::new(virt.addr, announced.real.port);
            if !announced.is_repeated {
                let ends = [Endpoint::new(client.addr, 0), virt, announced.real];
                entry = self.expect(packet, entry, &Expected { ends, is_passive: true })?;
            }
            let Some(control) = entry.ftp_mut() else { return Ok(entry) };
            if !control.change_answer(packet.buf, &mut packet.headers, virt) {
                return Err(DropReason::TooLong);
            }
        }
        if let Some(control) = entry.ftp_mut() {
            let (l4, len, state) = (packet.headers.l4, packet.headers.len, packet.buf.offload.checksum);
            control.correction().adjust_sent(&mut packet.buf.bytes_mut()[l4..len], state);
        }
        Ok(entry)
    }

    /// Makes the connection, or finds it, and lets it wait. Returns the control connection, locked again.
    fn expect<'a>(
        &'a self,
        packet: &Packet<'_>,
        control: Entry<'a>,
        expected: &Expected,
    ) -> Result<Entry<'a>, DropReason> {
        let Some(server) = control.server().cloned() else { return Ok(control) };
        let id = control.id;
        drop(control);
        let [client, virt, real] = expected.ends;
        let number = Protocol::Tcp.number();
        let key_of_it = if expected.is_passive {
            ConnKey::new(Role::Out, number, real, client)
        } else {
            ConnKey::new(Role::In, number, client, virt)
        };
        match self.conns.lookup(&key_of_it, packet.now) {
            Some(known) => self.listen(packet, known),
            None => {
                let state = State::Tcp(TcpState::None);
                let mut conn = Connection::new(number, state, expected.ends, server, packet.now);
                if expected.is_passive {
                    conn.await_client_port();
                }
                if let Some(mark) = packet.mark() {
                    conn.set_fwmark(mark);
                }
                let made = self.conns.insert_under(conn, Some(id)).map_err(|_| DropReason::TableFull)?;
                self.listen(packet, made);
            }
        }
        self.conns.get(id).ok_or(DropReason::ServerGone)
    }

    /// `ip_vs_tcp_conn_listen`.
    fn listen(&self, packet: &Packet<'_>, mut conn: Entry<'_>) {
        conn.enter(State::Tcp(TcpState::Listen), &self.timeouts);
        self.conns.touch(&mut conn, packet.now);
    }
}

fn is_established(conn: &Connection) -> bool {
    conn.state == State::Tcp(TcpState::Established)
}

/// Offset of the payload behind the TCP header, of a packet whose checksum is right.
fn readable(packet: &Packet<'_>) -> Result<usize, DropReason> {
    let segment = packet.payload();
    let headers = &packet.headers;
    if packet.buf.offload.checksum == Checksum::Full {
        let pseudo = checksum::pseudo_header(headers.src, headers.dst, protocol::TCP, segment.len());
        let sum = u32::from(checksum::fold(pseudo)) + u32::from(checksum::fold(checksum::sum(segment)));
        if checksum::fold(sum) != 0xffff {
            return Err(DropReason::BadChecksum);
        }
    }
    Ok(usize::from(segment[12] >> 4) * 4)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::director::tests::segment_of;
    use crate::director::{Command, ConnEntry, Settings, Side, Time, Verdict};
    use crate::service::{Forwarding, Persistence, ServerSpec, ServiceKey, ServiceSpec};
    use lvs_wire::make::{self, Ends};
    use lvs_wire::{Headers, Outbox, PacketBuf, TcpFlags};

    const SYN: u8 = TcpFlags::SYN;
    const ACK: u8 = TcpFlags::ACK;

    /// A session of one client with one FTP server behind the director.
    struct Session {
        director: Director,
        outbox: Outbox,
        now: Time,
        client: Endpoint,
        virt: Endpoint,
        real: Endpoint,
    }

    #[derive(Debug, PartialEq, Eq)]
    struct Seen {
        ends: [Endpoint; 2],
        sequence: u32,
        acknowledged: u32,
        text: String,
    }

    impl Session {
        fn new(is_v6: bool) -> Self {
            let end =
                |v4: &str, v6: &str, port| Endpoint::new(if is_v6 { v6 } else { v4 }.parse().unwrap(), port);
            let mut session = Self {
                director: Director::new(Settings::default()),
                outbox: Outbox::default(),
                now: Time::ZERO,
                client: end("192.168.1.10", "fd00:1::10", 4000),
                virt: end("192.168.1.183", "fd00:1::183", 21),
                real: end("192.168.56.200", "fd00:56::200", 2121),
            };
            let (addr, port) = (session.virt.addr, session.virt.port);
            let service = ServiceKey::Address { protocol: Protocol::Tcp, addr, port };
            let server = ServerSpec::new(session.real.addr, session.real.port, Forwarding::Masq);
            for command in
                [Command::AddService(ServiceSpec::new(service, "rr")), Command::AddServer { service, server }]
            {
                session.director.apply(&command, session.now).unwrap();
            }
            session.say(SYN, 0, 0, "");
            session.answer(SYN | ACK, 0, 1, "");
            session.say(ACK, 1, 1, "");
            session
        }

        /// Sends a segment; none when it did not come through. Its checksums must be right.
        fn send(
            &mut self,
            from: Endpoint,
            to: Endpoint,
            (flags, sequence, acknowledged): (u8, u32, u32),
            text: &str,
        ) -> Option<Seen> {
            let side = if from.addr == self.real.addr { Side::Server } else { Side::Client };
            let ends = Ends::new(from.addr, from.port, to.addr, to.port);
            let mut packet = make::tcp(ends, flags, text.as_bytes());
            let l4 = Headers::parse(&packet).unwrap().l4;
            packet[l4 + 4..l4 + 8].copy_from_slice(&sequence.to_be_bytes());
            packet[l4 + 8..l4 + 12].copy_from_slice(&acknowledged.to_be_bytes());
            packet[l4 + 16..l4 + 18].fill(0);
            let sum = checksum::transport(from.addr, to.addr, protocol::TCP, &packet[l4..]);
            packet[l4 + 16..l4 + 18].copy_from_slice(&sum.to_be_bytes());
            let mut buf = PacketBuf::from_packet(&packet);
            let verdict = self.director.process(&mut buf, side, self.now, &mut self.outbox);
            (verdict == Verdict::Forward).then(|| seen(&buf))
        }

        fn say(&mut self, flags: u8, sequence: u32, acknowledged: u32, text: &str) -> Seen {
            self.send(self.client, self.virt, (flags, sequence, acknowledged), text).unwrap()
        }

        fn answer(&mut self, flags: u8, sequence: u32, acknowledged: u32, text: &str) -> Seen {
            self.send(self.real, self.client, (flags, sequence, acknowledged), text).unwrap()
        }

        fn data_conns(&self) -> Vec<ConnEntry> {
            let mut conns: Vec<ConnEntry> = self.director.entries(self.now).flatten().collect();
            conns.retain(|conn| conn.virt.port != 21);
            conns
        }
    }

    fn seen(buf: &PacketBuf) -> Seen {
        let (headers, tcp) = segment_of(buf.bytes());
        let word = |at: usize| u32::from_be_bytes([tcp[at], tcp[at + 1], tcp[at + 2], tcp[at + 3]]);
        let port = |at: usize| u16::from_be_bytes([tcp[at], tcp[at + 1]]);
        Seen {
            ends: [Endpoint::new(headers.src, port(0)), Endpoint::new(headers.dst, port(2))],
            sequence: word(4),
            acknowledged: word(8),
            text: String::from_utf8(tcp[20..].to_vec()).unwrap(),
        }
    }

    #[test]
    fn a_passive_transfer_goes_to_the_announced_port() {
        let mut session = Session::new(false);
        session.say(ACK, 1, 1, "PASV\r\n");
        let line = "227 Entering Passive Mode (192,168,56,200,200,1).\r\n";
        let changed = "227 Entering Passive Mode (192,168,1,183,200,1).\r\n";
        let seen = session.answer(ACK, 1, 7, line);
        assert_eq!((seen.sequence, seen.text.as_str()), (1, changed));
        let waiting = &session.data_conns()[0];
        assert_eq!((waiting.client.port, waiting.virt.port, waiting.real.port), (0, 51201, 51201));
        assert_eq!((waiting.state.as_str(), waiting.expires_in_ms), ("LISTEN", 120_000));

        let (old, new) = (line.len() as u32, changed.len() as u32);
        assert_eq!(session.say(ACK, 7, 1 + new, "RETR x\r\n").acknowledged, 1 + old);
        assert_eq!(session.answer(ACK, 1 + old, 15, "150 ok\r\n").sequence, 1 + new);
        let again = session.answer(ACK, 1, 7, line);
        assert_eq!((again.sequence, again.text.as_str()), (1, changed), "sent again");
        assert_eq!(session.data_conns().len(), 1);

        let [from, to] = [Endpoint::new(session.client.addr, 5000), Endpoint::new(session.virt.addr, 51201)];
        let real = Endpoint::new(session.real.addr, 51201);
        assert_eq!(session.send(from, to, (SYN, 0, 0), "").unwrap().ends, [from, real]);
        assert_eq!(session.send(real, from, (SYN | ACK, 0, 1), "").unwrap().ends, [to, from]);
        session.send(from, to, (ACK, 1, 1), "").unwrap();
        let conn = &session.data_conns()[0];
        assert_eq!((conn.client, conn.state.as_str()), (from, "ESTABLISHED"));
        let other = Endpoint::new(session.client.addr, 5001);
        assert_eq!(session.send(other, to, (SYN, 0, 0), ""), None, "the port was for one");
    }

    #[test]
    fn extended_passive_answers_keep_their_length() {
        for is_v6 in [false, true] {
            let mut session = Session::new(is_v6);
            session.say(ACK, 1, 1, if is_v6 { "EPSV 2\r\n" } else { "epsv\r\n" });
            let line = "229 Entering Extended Passive Mode (|||51201|)\r\n";
            assert_eq!(session.answer(ACK, 1, 7, line).text, line);
            let [from, to] =
                [Endpoint::new(session.client.addr, 5000), Endpoint::new(session.virt.addr, 51201)];
            let seen = session.send(from, to, (SYN, 0, 0), "").unwrap();
            assert_eq!(seen.ends[1], Endpoint::new(session.real.addr, 51201));
        }
    }

    #[test]
    fn an_active_transfer_comes_from_the_port_below() {
        for (is_v6, command) in [
            (false, "PORT 192,168,1,10,19,137\r\n"),
            (false, "EPRT |1|192.168.1.10|5001|\r\n"),
            (true, "EPRT |2|fd00:1::10|5001|\r\n"),
        ] {
            let mut session = Session::new(is_v6);
            assert_eq!(session.say(ACK, 1, 1, command).text, command);
            let client = Endpoint::new(session.client.addr, 5001);
            let [virt, real] = [(session.virt.addr, 20), (session.real.addr, 2120)]
                .map(|(addr, port)| Endpoint::new(addr, port));
            assert_eq!(session.send(real, client, (SYN, 0, 0), "").unwrap().ends, [virt, client]);
            assert_eq!(session.send(client, virt, (SYN | ACK, 0, 1), "").unwrap().ends, [client, real]);
            session.send(real, client, (ACK, 1, 1), "").unwrap();
            assert_eq!(session.data_conns()[0].state, "ESTABLISHED");
        }
    }

    #[test]
    fn the_control_connection_outlives_what_it_announced() {
        let mut session = Session::new(false);
        session.say(ACK, 1, 1, "PORT 192,168,1,10,19,137\r\n");
        session.say(TcpFlags::RST, 30, 1, "");
        let expire = |session: &mut Session, secs| {
            session.now = session.now + Duration::from_secs(secs);
            while session.director.handle_timeout(session.now) {}
        };
        expire(&mut session, 11);
        assert_eq!(session.director.conn_count(), 2);
        expire(&mut session, 110);
        expire(&mut session, 61);
        assert_eq!(session.director.conn_count(), 0);
    }

    #[test]
    fn a_new_session_from_the_same_port_is_a_new_connection() {
        let mut session = Session::new(false);
        session.say(ACK, 1, 1, "PORT 192,168,1,10,19,137\r\n");
        session.say(TcpFlags::RST, 30, 1, "");
        session.say(SYN, 500, 0, "");
        session.answer(SYN | ACK, 700, 501, "");
        session.say(ACK, 501, 701, "");
        assert_eq!(session.director.conn_count(), 3);
        session.say(ACK, 501, 701, "PORT 192,168,1,10,19,138\r\n");
        assert_eq!(session.data_conns().len(), 2);
    }

    #[test]
    fn with_its_server_all_ends_that_stands_under_a_template() {
        let mut session = Session::new(false);
        let (addr, port) = (session.virt.addr, session.virt.port);
        let service = ServiceKey::Address { protocol: Protocol::Tcp, addr, port };
        let mut spec = ServiceSpec::new(service, "rr");
        spec.persistence = Some(Persistence { timeout: 60, mask: u32::MAX });
        session.director.apply(&Command::EditService(spec), session.now).unwrap();
        session.client.port = 4001;
        session.say(SYN, 0, 0, "");
        session.answer(SYN | ACK, 0, 1, "");
        session.say(ACK, 1, 1, "PORT 192,168,1,10,19,137\r\n");
        assert_eq!(session.director.conn_count(), 4);
        let expire = Command::SetSysctl { name: "expire_nodest_conn".to_owned(), value: "1".to_owned() };
        for command in
            [expire, Command::DeleteServer { service, addr: session.real.addr, port: session.real.port }]
        {
            session.director.apply(&command, session.now).unwrap();
        }
        assert_eq!(session.director.conn_count(), 0);
    }

    #[test]
    fn a_wrong_checksum_is_not_read() {
        let mut session = Session::new(false);
        let ends = Ends::new(session.client.addr, 4000, session.virt.addr, 21);
        let mut packet = make::tcp(ends, ACK, b"PORT 192,168,1,10,19,137\r\n");
        packet[45] ^= 1;
        let mut buf = PacketBuf::from_packet(&packet);
        let verdict = session.director.process(&mut buf, Side::Client, session.now, &mut session.outbox);
        assert_eq!(verdict, Verdict::Drop(DropReason::BadChecksum));
        assert!(session.data_conns().is_empty());
    }

    #[test]
    fn a_partial_checksum_stays_partial() {
        let mut session = Session::new(false);
        session.say(ACK, 1, 1, "PASV\r\n");
        let ends = Ends::new(session.real.addr, 2121, session.client.addr, 4000);
        let packet = make::tcp(ends, ACK, b"227 ok (192,168,56,200,200,1)\r\n");
        let mut buf = PacketBuf::from_packet(&packet);
        let pseudo = checksum::pseudo_header(ends.src, ends.dst, protocol::TCP, packet.len() - 20);
        buf.bytes_mut()[36..38].copy_from_slice(&checksum::fold(pseudo).to_be_bytes());
        buf.offload.checksum = Checksum::Partial { start: 20, offset: 16 };
        let verdict = session.director.process(&mut buf, Side::Server, session.now, &mut session.outbox);
        assert_eq!(verdict, Verdict::Forward);
        let sum = checksum::fold(checksum::sum(&buf.bytes()[20..]));
        buf.bytes_mut()[36..38].copy_from_slice(&(!sum).to_be_bytes());
        assert_eq!(seen(&buf).text, "227 ok (192,168,1,183,200,1)\r\n");
    }
}
