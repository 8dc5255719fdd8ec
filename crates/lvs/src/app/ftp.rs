//! FTP: which data connection a control connection announces, and the server's address in its answers.
//! Same job as `ip_vs_ftp.c`, with what netfilter's NAT does for it.
//!
//! Commands and answers are read where they begin a segment; what is split over segments is left alone, as there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::payload::replace;
use super::sequence::{Correction, word};
use crate::service::Endpoint;
use lvs_wire::{Headers, PacketBuf};

/// State of a control connection.
#[derive(Clone, Debug, Default)]
pub struct Control {
    mode: Mode,
    /// Of the server's stream.
    correction: Correction,
    /// Start of the answer that was changed last: sent again, it is changed again.
    changed: Option<(u32, Mode)>,
}

/// Mode that the client asked for last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Active,
    Passive,
    ExtendedPassive,
}

impl Mode {
    const ALL: [Self; 3] = [Self::Active, Self::Passive, Self::ExtendedPassive];
}

/// The data connection that an answer of the server announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announced {
    pub real: Endpoint,
    /// Announced before: this is the same answer again.
    pub is_repeated: bool,
}

impl Control {
    /// A segment of the client. The end where it waits for the server's data connection, if it says so.
    pub fn hear_client(&mut self, data: &[u8], is_v6: bool) -> Option<Endpoint> {
        for at in 0..data.len().saturating_sub(5) {
            if let Some(mode) = passive_command(&data[at..], is_v6) {
                self.mode = mode?;
                return None;
            }
        }
        let client = announced_by_client(data, is_v6)?;
        self.mode = Mode::Active;
        Some(client)
    }

    /// The server's answer, if it announces where it waits for a data connection.
    pub fn hear_server(&self, sequence: u32, data: &[u8], real: IpAddr) -> Option<Announced> {
        let repeated = self.changed.filter(|(at, _)| *at == sequence).map(|(_, mode)| mode);
        let found = answer(repeated.unwrap_or(self.mode), data, real)?.end;
        Some(Announced { real: found, is_repeated: repeated.is_some() })
    }

    /// Puts the virtual end into the answer that [`Self::hear_server`] found. False when there is no room.
    pub fn change_answer(&mut self, buf: &mut PacketBuf, headers: &mut Headers, virt: Endpoint) -> bool {
        let Some(start) = payload_start(buf, headers) else { return true };
        let sequence = word(buf.bytes(), headers.l4 + 4);
        let mode = match self.changed {
            Some((at, mode)) if at == sequence => mode,
            _ => self.mode,
        };
        let Some(WrittenEnd { range, .. }) = answer(mode, &buf.bytes()[start..headers.len], virt.addr) else {
            return true;
        };
        let text = match (mode, virt.addr) {
            (Mode::Passive, IpAddr::V4(addr)) => {
                let [a, b, c, d] = addr.octets();
                let [high, low] = virt.port.to_be_bytes();
                format!("{a},{b},{c},{d},{high},{low}")
            }
            _ => format!("|||{}|", virt.port),
        };
        let grown = text.len() as i32 - range.len() as i32;
        if !replace(buf, headers, start + range.start..start + range.end, text.as_bytes()) {
            return false;
        }
        if grown != 0 {
            self.correction.add(sequence, grown);
        }
        self.changed = Some((sequence, mode));
        self.mode = Mode::Active;
        true
    }

    /// Offset of the numbers of the server's stream.
    pub const fn correction(&self) -> &Correction {
        &self.correction
    }

    /// Mode that the client asked for last, and where the answer lies that was changed last with what was asked for then.
    pub const fn numbers(&self) -> (u8, Option<(u32, u8)>) {
        let changed = match self.changed {
            Some((at, mode)) => Some((at, mode as u8)),
            None => None,
        };
        (self.mode as u8, changed)
    }

    /// As [`Self::numbers`] tells it. None: there is no such mode.
    pub fn from_numbers(mode: u8, changed: Option<(u32, u8)>, correction: Correction) -> Option<Self> {
        let of = |number: u8| Mode::ALL.get(usize::from(number)).copied();
        let changed = match changed {
            Some((at, mode)) => Some((at, of(mode)?)),
            None => None,
        };
        Some(Self { mode: of(mode)?, correction, changed })
    }

    /// Goes on with a stream that another director has changed so far.
    pub const fn continue_from(&mut self, correction: Correction) {
        self.correction = correction;
    }
}

/// End that a command or an answer names.
struct WrittenEnd {
    end: Endpoint,
    /// Place of its text.
    range: Range<usize>,
}

/// Offset of the payload of a TCP packet; None when there is none.
fn payload_start(buf: &PacketBuf, headers: &Headers) -> Option<usize> {
    let start = headers.l4 + usize::from(buf.bytes()[headers.l4 + 12] >> 4) * 4;
    (start < headers.len).then_some(start)
}

/// `PASV`, or `EPSV` alone or for this family; the inner None: an `EPSV` that is not understood (`EPSV ALL`).
fn passive_command(data: &[u8], is_v6: bool) -> Option<Option<Mode>> {
    if !is_v6 && starts_with(data, b"PASV\r\n") {
        return Some(Some(Mode::Passive));
    }
    if !starts_with(data, b"EPSV") {
        return None;
    }
    let family = if is_v6 { b'2' } else { b'1' };
    match data[4] {
        b'\r' => Some(Some(Mode::ExtendedPassive)),
        b' ' if data.len() >= 7 && data[5] == family && data[6] == b'\r' => Some(Some(Mode::ExtendedPassive)),
        b' ' => Some(None),
        _ => None,
    }
}

/// Reads `PORT` or `EPRT`.
fn announced_by_client(data: &[u8], is_v6: bool) -> Option<Endpoint> {
    let old =
        if is_v6 { None } else { after(data, b"PORT", b' ', false).and_then(|at| comma_form(data, at)) };
    let found = old.or_else(|| bar_form(data, after(data, b"EPRT", b' ', true)?, is_v6, None))?;
    Some(found.end)
}

/// Reads `227` or `229`; an address that is left out is the server's.
fn answer(mode: Mode, data: &[u8], real: IpAddr) -> Option<WrittenEnd> {
    match mode {
        Mode::Active => None,
        Mode::Passive => comma_form(data, after(data, b"227 ", b'(', false)?),
        Mode::ExtendedPassive => {
            bar_form(data, after(data, b"229 ", b'(', true)?, real.is_ipv6(), Some(real))
        }
    }
}

fn starts_with(data: &[u8], pattern: &[u8]) -> bool {
    data.get(..pattern.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(pattern))
}

/// Offset of the address behind `pattern` and a run of `skip`, which the old form may do without.
fn after(data: &[u8], pattern: &[u8], skip: u8, extended: bool) -> Option<usize> {
    if !starts_with(data, pattern) {
        return None;
    }
    let mut found = false;
    for (at, byte) in data.iter().enumerate().skip(pattern.len()) {
        if !found && !extended && byte.is_ascii_digit() {
            return Some(at);
        }
        if *byte == skip {
            found = true;
        } else if found {
            return Some(at);
        }
    }
    None
}

/// `h1,h2,h3,h4,p1,p2`, with something behind it.
fn comma_form(data: &[u8], start: usize) -> Option<WrittenEnd> {
    let mut numbers = [0u8; 6];
    let mut which = 0;
    let mut end = start;
    loop {
        match *data.get(end)? {
            digit @ b'0'..=b'9' => {
                numbers[which] = numbers[which].checked_mul(10)?.checked_add(digit - b'0')?;
            }
            b',' if which < 5 => which += 1,
            _ => break,
        }
        end += 1;
    }
    let [a, b, c, d, high, low] = numbers;
    let found = Endpoint::new(Ipv4Addr::new(a, b, c, d).into(), u16::from_be_bytes([high, low]));
    (which == 5).then_some(WrittenEnd { end: found, range: start..end })
}

/// `|family|address|port|`, where family and address may be left out together if the address is known.
fn bar_form(data: &[u8], start: usize, is_v6: bool, known: Option<IpAddr>) -> Option<WrittenEnd> {
    // Behind a digit as the bar no port could end.
    let bar = data.get(start).copied().filter(|bar| bar.is_ascii_graphic() && !bar.is_ascii_digit())?;
    let mut at = start + 1;
    let mut field = || {
        let len = data.get(at..)?.iter().position(|byte| *byte == bar)?;
        let field = &data[at..at + len];
        at += len + 1;
        std::str::from_utf8(field).ok()
    };
    let (family, addr, port) = (field()?, field()?, field()?);
    let addr = match (family, is_v6) {
        ("", _) if addr.is_empty() => known?,
        ("1", false) => addr.parse::<Ipv4Addr>().ok()?.into(),
        ("2", true) => addr.parse::<Ipv6Addr>().ok()?.into(),
        _ => return None,
    };
    let port = port.bytes().all(|byte| byte.is_ascii_digit()).then(|| port.parse::<u16>().ok())??;
    (port != 0).then_some(WrittenEnd { end: Endpoint::new(addr, port), range: start..at })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(addr: &str, port: u16) -> Endpoint {
        Endpoint::new(addr.parse().unwrap(), port)
    }

    fn client(line: &str, is_v6: bool) -> Option<Endpoint> {
        Control::default().hear_client(line.as_bytes(), is_v6)
    }

    #[test]
    fn active_commands_name_the_clients_end() {
        assert_eq!(client("PORT 192,168,1,10,4,1\r\n", false), Some(end("192.168.1.10", 1025)));
        assert_eq!(client("port  192,168,1,10,255,255\n", false), Some(end("192.168.1.10", 65535)));
        assert_eq!(client("EPRT |1|192.168.1.10|1025|\r\n", false), Some(end("192.168.1.10", 1025)));
        assert_eq!(client("eprt !2!fd00::1!65000!\r\n", true), Some(end("fd00::1", 65000)));
        for (line, is_v6) in [
            ("PORT 192,168,1,10,4,1", false),
            ("PORT 192,168,1,10,4\r\n", false),
            ("PORT 192,168,1,300,4,1\r\n", false),
            ("PORT 192,168,1,10,4,1\r\n", true),
            ("XPORT 192,168,1,10,4,1\r\n", false),
            ("EPRT |2|fd00::1|1025|\r\n", false),
            ("EPRT |1|192.168.1.10|1025|\r\n", true),
            ("EPRT |1|192.168.1.10|0|\r\n", false),
            ("EPRT |1|192.168.1.10|65536|\r\n", false),
            ("EPRT |||1025|\r\n", false),
            ("EPRT |1|192.168.1.10|1025", false),
            ("EPRT 31392.168.1.10310253", false),
            ("EPRT", false),
            ("", false),
        ] {
            assert_eq!(client(line, is_v6), None, "{line}");
        }
    }

    #[test]
    fn only_the_answer_that_was_asked_for_counts() {
        let real = "192.168.56.183".parse().unwrap();
        let pasv = b"227 Entering Passive Mode (192,168,56,183,200,1).\r\n";
        let epsv = b"229 Entering Extended Passive Mode (|||51201|)\r\n";
        let heard = |line: &str, answer: &[u8]| {
            let mut control = Control::default();
            assert_eq!(control.hear_client(line.as_bytes(), false), None);
            control.hear_server(1, answer, real).map(|announced| announced.real.port)
        };
        assert_eq!(heard("PASV\r\n", pasv), Some(51201));
        assert_eq!(heard("TYPE I\r\npasv\r\n", pasv), Some(51201));
        assert_eq!(heard("PASV\r\n", b"227 192,168,56,183,200,1\r\n"), Some(51201));
        assert_eq!(heard("EPSV\r\n", epsv), Some(51201));
        assert_eq!(heard("EPSV 1\r\n", epsv), Some(51201));
        assert_eq!(heard("EPSV\r\n", b"229 ok (|1|192.168.56.183|51201|)\r\n"), Some(51201));
        for (line, answer) in [
            ("NOOP\r\n", &pasv[..]),
            ("PASV\r\n", epsv),
            ("EPSV\r\n", pasv),
            ("EPSV 2\r\n", epsv),
            ("EPSV ALL\r\n", epsv),
            ("PASV\r\n", b"227 Entering Passive Mode (192,168,56,183,200,1"),
            ("PASV\r\n", b"227 "),
            ("EPSV\r\n", b"229 (|||51201"),
            ("EPSV\r\n", b"229 ok (111512011)\r\n"),
        ] {
            assert_eq!(heard(line, answer), None, "{line} {answer:?}");
        }
    }
}
