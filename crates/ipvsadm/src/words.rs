//! The input of a restore, cut into command lines and words.
//!
//! Quoting and comments are not known. A word `ipvsadm` is dropped wherever it stands, a NUL byte ends the word
//! it is in, and words longer than [`LONGEST`] fall apart, as with the `scanf` that ipvsadm reads by.

use std::io::{BufRead, BufReader, Read};

/// Longest word.
const LONGEST: usize = 4096;

/// Large enough that a restore from a file goes to the director in large batches.
const BUFFER: usize = 256 << 10;

/// Reads command lines one after the other.
pub(super) struct Lines<'a> {
    input: BufReader<&'a mut dyn Read>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(input: &'a mut dyn Read) -> Self {
        Self { input: BufReader::with_capacity(BUFFER, input) }
    }

    /// The words of the next line behind `program`; None at the end of the input. Blank lines have no words.
    pub(super) fn next_line(&mut self, program: &[u8]) -> Option<Vec<Vec<u8>>> {
        let mut words = vec![program.to_vec()];
        let mut is_empty = true;
        loop {
            let word = self.word();
            if word.is_empty() {
                if self.peek().is_none() {
                    return if is_empty { None } else { Some(words) };
                }
                // A line that ends in blanks and not in a newline is lost.
                if self.skip_blanks()? {
                    return Some(words);
                }
                continue;
            }
            let end = self.peek().filter(|byte| is_separator(*byte));
            if end.is_some() {
                self.input.consume(1);
            }
            let word = word.split(|byte| *byte == 0).next().unwrap_or_default();
            if word != b"ipvsadm" {
                is_empty = false;
                words.push(word.to_vec());
            }
            if end == Some(b'\n') {
                return Some(words);
            }
        }
    }

    /// Whether the next line would have to be waited for.
    pub(super) fn is_drained(&self) -> bool {
        self.input.buffer().is_empty()
    }

    fn peek(&mut self) -> Option<u8> {
        self.input.fill_buf().ok()?.first().copied()
    }

    fn word(&mut self) -> Vec<u8> {
        let mut word = Vec::new();
        while word.len() < LONGEST {
            let Ok(buffer) = self.input.fill_buf() else { break };
            let room = &buffer[..buffer.len().min(LONGEST - word.len())];
            let len = room.iter().position(|byte| is_separator(*byte)).unwrap_or(room.len());
            if len == 0 {
                break;
            }
            word.extend_from_slice(&room[..len]);
            self.input.consume(len);
        }
        word
    }

    /// Up to the next word or over the next newline, and which of the two; None at the end of the input.
    fn skip_blanks(&mut self) -> Option<bool> {
        while let byte @ (b' ' | b'\t' | b'\r' | b'\n') = self.peek()? {
            self.input.consume(1);
            if byte == b'\n' {
                return Some(true);
            }
        }
        Some(false)
    }
}

const fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let mut input = text.as_bytes();
        let mut lines = Lines::new(&mut input);
        let mut seen = Vec::new();
        while let Some(words) = lines.next_line(b"") {
            let words: Vec<_> = words[1..].iter().map(|word| String::from_utf8_lossy(word)).collect();
            seen.push(words.join("|"));
        }
        seen
    }

    #[test]
    fn lines_fall_into_words_at_blanks() {
        assert_eq!(lines("-A -t a\n\n  -C\t-x  \r\n-Z"), ["-A|-t|a", "", "-C|-x", "-Z"]);
        assert_eq!(lines("ipvsadm -A ipvsadm b\nipvsadm\n"), ["-A|b", ""]);
    }

    #[test]
    fn a_last_line_without_newline_survives_one_blank_at_its_end_but_not_two() {
        assert_eq!(lines("-C "), ["-C"]);
        assert!(lines("-C  ").is_empty());
    }

    #[test]
    fn a_carriage_return_alone_ends_no_line() {
        assert_eq!(lines("-A\r-B\n"), ["-A|-B"]);
    }

    #[test]
    fn a_nul_ends_its_word() {
        assert_eq!(lines("a\0b c \0\n"), ["a|c|"]);
    }

    #[test]
    fn long_words_fall_apart() {
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(lines(&format!("{long}\n")), [format!("{}|x", &long[1..])]);
    }
}
