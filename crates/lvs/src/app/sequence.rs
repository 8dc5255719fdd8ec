//! Sequence numbers of a TCP stream in which bytes were added or taken away (`nf_conntrack_seqadj.c`).

use lvs_wire::checksum::Delta;
use lvs_wire::{Checksum, Checksum::Partial, is_after};

const SEQUENCE: usize = 4;
const ACKNOWLEDGEMENT: usize = 8;
const FLAGS: usize = 13;
const CHECKSUM: usize = 16;
const OPTIONS: usize = 20;
const LONGEST_HEADER: usize = 60;
const ACK: u8 = 16;

/// Offset of a stream's numbers, up to its last change and behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Correction {
    pub position: u32,
    pub before: u32,
    pub after: u32,
}

impl Correction {
    /// The segment that begins at `sequence` got longer by `by`. One that was changed before counts once.
    pub fn add(&mut self, sequence: u32, by: i32) {
        if self.before == self.after || is_after(sequence, self.position) {
            *self =
                Self { position: sequence, before: self.after, after: self.after.wrapping_add_signed(by) };
        }
    }

    /// A segment of the stream itself, from its TCP header on.
    pub fn adjust_sent(&self, tcp: &mut [u8], checksum: Checksum) {
        self.rewrite(tcp, checksum, |this, header| {
            let sequence = word(header, SEQUENCE);
            let offset = if is_after(sequence, this.position) { this.after } else { this.before };
            write(header, SEQUENCE, sequence.wrapping_add(offset));
        });
    }

    /// A segment of the other side, which acknowledges the stream as it was changed.
    pub fn adjust_acknowledged(&self, tcp: &mut [u8], checksum: Checksum) {
        if tcp[FLAGS] & ACK == 0 {
            return;
        }
        self.rewrite(tcp, checksum, |this, header| {
            this.restore(header, ACKNOWLEDGEMENT);
            for at in selective_acknowledgements(header).into_iter().flatten() {
                this.restore(header, at);
                this.restore(header, at + 4);
            }
        });
    }

    fn restore(&self, header: &mut [u8], at: usize) {
        let number = word(header, at);
        let is_behind = is_after(number.wrapping_sub(self.before), self.position);
        write(header, at, number.wrapping_sub(if is_behind { self.after } else { self.before }));
    }

    fn rewrite(&self, tcp: &mut [u8], checksum: Checksum, change: impl FnOnce(&Self, &mut [u8])) {
        if self.before == 0 && self.after == 0 {
            return;
        }
        change_header(tcp, checksum, |header| change(self, header));
    }
}

/// Changes a TCP header in place, and the checksum by what changed. A partial sum covers none of it.
pub(super) fn change_header(tcp: &mut [u8], checksum: Checksum, change: impl FnOnce(&mut [u8])) {
    let len = (usize::from(tcp[12] >> 4) * 4).min(tcp.len());
    let mut old = [0; LONGEST_HEADER];
    old[..len].copy_from_slice(&tcp[..len]);
    change(&mut tcp[..len]);
    if matches!(checksum, Partial { .. }) {
        return;
    }
    let pairs = old[..len].chunks_exact(2).zip(tcp[..len].chunks_exact(2));
    let delta = pairs.filter(|(old, new)| old != new).fold(Delta::default(), |delta, (old, new)| {
        delta.word(u16::from_be_bytes([old[0], old[1]]), u16::from_be_bytes([new[0], new[1]]))
    });
    let sum = delta.apply(u16::from_be_bytes([tcp[CHECKSUM], tcp[CHECKSUM + 1]]));
    write_word(tcp, CHECKSUM, sum);
}

/// Offsets of the blocks of the SACK option; there is room for four.
pub(super) fn selective_acknowledgements(header: &[u8]) -> [Option<usize>; 4] {
    let mut blocks = [None; 4];
    let mut at = OPTIONS;
    while let Some(kind) = header.get(at) {
        match kind {
            0 => break,
            1 => at += 1,
            kind => {
                let Some(len) = header.get(at + 1).map(|len| usize::from(*len)).filter(|len| *len >= 2)
                else {
                    break;
                };
                if *kind == 5 && at + len <= header.len() {
                    for (block, place) in blocks.iter_mut().zip((at + 2..).step_by(8)) {
                        *block = (place + 8 <= at + len).then_some(place);
                    }
                }
                at += len;
            }
        }
    }
    blocks
}

pub(super) fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

pub(super) fn write(bytes: &mut [u8], at: usize, word: u32) {
    bytes[at..at + 4].copy_from_slice(&word.to_be_bytes());
}

pub(super) fn write_word(bytes: &mut [u8], at: usize, word: u16) {
    bytes[at..at + 2].copy_from_slice(&word.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs_wire::checksum;

    fn header(sequence: u32, acknowledged: u32, options: &[u8]) -> Vec<u8> {
        let mut tcp = vec![0; 20];
        write(&mut tcp, SEQUENCE, sequence);
        write(&mut tcp, ACKNOWLEDGEMENT, acknowledged);
        tcp.extend(options);
        tcp[12] = (tcp.len() as u8 / 4) << 4;
        tcp[FLAGS] = ACK;
        let sum = checksum::plain(&tcp);
        tcp[CHECKSUM..CHECKSUM + 2].copy_from_slice(&sum.to_be_bytes());
        tcp
    }

    fn is_right(tcp: &[u8]) -> bool {
        checksum::fold(checksum::sum(tcp)) == 0xffff
    }

    #[test]
    fn numbers_behind_the_change_move_and_come_back() {
        let mut correction = Correction::default();
        correction.add(1000, 5);
        correction.add(1000, 5);
        for (sent, seen) in [(900, 900), (1000, 1000), (1001, 1006), (5000, 5005)] {
            let mut tcp = header(sent, 1, &[]);
            correction.adjust_sent(&mut tcp, Checksum::Full);
            assert_eq!(word(&tcp, SEQUENCE), seen);
            assert!(is_right(&tcp));
            let mut answer = header(1, seen, &[]);
            correction.adjust_acknowledged(&mut answer, Checksum::Full);
            assert_eq!(word(&answer, ACKNOWLEDGEMENT), sent);
            assert!(is_right(&answer));
        }
        correction.add(2000, -3);
        let mut tcp = header(1500, 1, &[]);
        correction.adjust_sent(&mut tcp, Checksum::Full);
        assert_eq!(word(&tcp, SEQUENCE), 1505);
        let mut tcp = header(u32::MAX - 10, 1, &[]);
        Correction { position: u32::MAX - 20, before: 0, after: 20 }
            .adjust_sent(&mut tcp, Checksum::Verified);
        assert_eq!(word(&tcp, SEQUENCE), 9);
        assert!(is_right(&tcp));
    }

    #[test]
    fn selective_acknowledgements_are_restored_too() {
        let mut correction = Correction::default();
        correction.add(1000, 7);
        let mut options = vec![1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 5, 10];
        options.extend(2007u32.to_be_bytes());
        options.extend(3007u32.to_be_bytes());
        options.extend([0, 0, 0]);
        let mut tcp = header(1, 990, &options);
        correction.adjust_acknowledged(&mut tcp, Checksum::Full);
        assert_eq!((word(&tcp, ACKNOWLEDGEMENT), word(&tcp, 33), word(&tcp, 37)), (990, 2000, 3000));
        assert!(is_right(&tcp));
    }

    #[test]
    fn options_that_lie_harm_nothing() {
        let mut correction = Correction::default();
        correction.add(1000, 7);
        for options in [[5, 0, 0, 0], [5, 1, 0, 0], [5, 255, 0, 0], [5, 4, 9, 9], [1, 1, 1, 5]] {
            let mut tcp = header(1, 2000, &options);
            correction.adjust_acknowledged(&mut tcp, Checksum::Full);
            assert_eq!(tcp[20..], options);
        }
    }
}
