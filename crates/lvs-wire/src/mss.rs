//! Lowering the longest segment that a TCP end asks for (RFC 9293 3.7.1), as `TCPMSS --set-mss` does.

use super::header::{TcpFlags, protocol};
use super::rewrite::change_covered;
use super::stream::tcp_option;
use super::{Headers, PacketBuf};

const MSS: u8 = 2;
const MSS_LEN: usize = 4;
const TCP_HEADER: usize = 20;

/// Lowers the option of a SYN so that full segments make packets of at most `mtu` bytes. Never raises it, and adds
/// none; asks for `mtu` only if there is something to lower. True when the packet has changed.
pub fn clamp_mss(packet: &mut PacketBuf, headers: &Headers, mtu: impl FnOnce() -> Option<usize>) -> bool {
    let bytes = &packet.bytes()[headers.l4..headers.len];
    if headers.protocol != protocol::TCP || bytes.len() < TCP_HEADER {
        return false;
    }
    let end = (usize::from(bytes[12] >> 4) * 4).min(bytes.len());
    let is_syn = bytes[13] & TcpFlags::SYN != 0;
    let Some(option) = tcp_option(&bytes[..end], MSS, MSS_LEN).filter(|_| is_syn) else { return false };
    let Some(mtu) = mtu() else { return false };
    let ip = if headers.is_v6() { 40 } else { 20 };
    let most = u16::try_from(mtu.saturating_sub(ip + TCP_HEADER)).unwrap_or(u16::MAX);
    let at = option + 2;
    if most == 0 || u16::from_be_bytes([bytes[at], bytes[at + 1]]) <= most {
        return false;
    }
    // The sum is by words of two bytes, and options lie where they like.
    let from = if at % 2 == 0 { at - 2 } else { at - 1 };
    let mut words = [bytes[from], bytes[from + 1], bytes[from + 2], bytes[from + 3]];
    words[at - from..at - from + 2].copy_from_slice(&most.to_be_bytes());
    let (checksum, l4) = (packet.offload.checksum, headers.l4);
    change_covered(packet.bytes_mut(), l4 + from, words, l4 + 16, checksum);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum;
    use crate::make::{self, Ends};

    /// A segment with these options and a right checksum.
    fn segment(v6: bool, flags: u8, options: &[u8]) -> (PacketBuf, Headers) {
        let (src, dst) = if v6 { ("fd00::1", "fd00::2") } else { ("10.0.0.1", "10.0.0.2") };
        let mut packet =
            make::tcp(Ends::new(src.parse().unwrap(), 1, dst.parse().unwrap(), 80), flags, options);
        let headers = Headers::parse(&packet).unwrap();
        let tcp = &mut packet[headers.l4..];
        tcp[12] = ((20 + options.len()) as u8 / 4) << 4;
        tcp[16..18].fill(0);
        let sum = checksum::transport(headers.src, headers.dst, 6, tcp);
        tcp[16..18].copy_from_slice(&sum.to_be_bytes());
        (PacketBuf::from_packet(&packet), headers)
    }

    #[test]
    fn a_syn_asks_for_no_more_than_fits() {
        type Row = (bool, u8, &'static [u8], usize, Option<(usize, u16)>);
        const SYN: u8 = TcpFlags::SYN;
        const ACK: u8 = TcpFlags::ACK;
        // IPv6, flags, options, MTU, and the value afterwards with its place.
        let rows: [Row; 10] = [
            (false, SYN, &[2, 4, 5, 180], 1480, Some((22, 1440))),
            (false, SYN | ACK, &[2, 4, 5, 180], 1480, Some((22, 1440))),
            (true, SYN, &[2, 4, 5, 160], 1460, Some((22, 1400))),
            // In an odd place, behind another option, at the very end.
            (false, SYN, &[1, 2, 4, 5, 180, 1, 1, 0], 1480, Some((23, 1440))),
            (false, SYN, &[1, 3, 3, 7, 2, 4, 5, 180], 1480, Some((26, 1440))),
            // Small enough, no SYN, none at all, of another length, cut short.
            (false, SYN, &[2, 4, 5, 160], 1480, None),
            (false, ACK, &[2, 4, 5, 180], 1480, None),
            (false, SYN, &[1, 1, 1, 0], 1480, None),
            (false, SYN, &[2, 3, 5, 0], 1480, None),
            (false, SYN, &[1, 1, 2, 4], 1480, None),
        ];
        for (v6, flags, options, mtu, expected) in rows {
            let (mut packet, headers) = segment(v6, flags, options);
            let before = packet.bytes().to_vec();
            assert_eq!(clamp_mss(&mut packet, &headers, || Some(mtu)), expected.is_some(), "{options:?}");
            let tcp = &packet.bytes()[headers.l4..];
            match expected {
                Some((at, value)) => assert_eq!(tcp[at..at + 2], value.to_be_bytes(), "{options:?}"),
                None => assert_eq!(packet.bytes(), before),
            }
            let pseudo = checksum::fold(checksum::pseudo_header(headers.src, headers.dst, 6, tcp.len()));
            let sum = u32::from(pseudo) + u32::from(checksum::fold(checksum::sum(tcp)));
            assert_eq!(checksum::fold(sum), 0xffff, "{options:?}");
        }
    }
}
