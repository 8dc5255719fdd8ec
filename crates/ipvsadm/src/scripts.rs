//! `ipvsadm-save` and `ipvsadm-restore`, which elsewhere are shell scripts around ipvsadm.

use std::io::{self, Read};

use super::backend::Backend;
use super::session::Session;

/// Usage and refused options of the scripts.
const USAGE: u8 = 1;

/// Prints the table as command lines; `-n` anywhere: numerically.
///
/// # Errors
/// Nobody takes the output.
pub(super) fn save<B: Backend>(words: &[Vec<u8>], session: &mut Session<'_, B>) -> io::Result<u8> {
    let mut line = line("-S").to_vec();
    for word in words.iter().skip(1) {
        match word.as_slice() {
            b"-n" if line.len() == 2 => line.push(b"-n".to_vec()),
            b"-n" => {}
            [b'-', ..] => {
                let program = words[0].rsplit(|byte| *byte == b'/').next().unwrap_or_default();
                let program = String::from_utf8_lossy(program);
                writeln!(
                    session.err,
                    "{program}: Script to save the IPVS table to stdout.\n   With the -n option, prints out the table in numeric format."
                )?;
                return Ok(USAGE);
            }
            _ => {}
        }
    }
    session.run(&line, &mut io::empty())
}

/// Empties the table and runs the command lines of the input. Lines that begin with `#` are comments here.
///
/// # Errors
/// Nobody takes the output, or the input cannot be read.
pub(super) fn restore<B: Backend>(session: &mut Session<'_, B>, input: &mut dyn Read) -> io::Result<u8> {
    let mut text = Vec::new();
    input.read_to_end(&mut text)?;
    session.run(&line("-C"), &mut io::empty())?;
    session.run(&line("-R"), &mut without_comments(&text).as_slice())
}

fn line(option: &str) -> [Vec<u8>; 2] {
    [b"ipvsadm".to_vec(), option.as_bytes().to_vec()]
}

/// As a shell passes text on: without NUL bytes, with one newline at the end.
fn without_comments(text: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(text.len() + 1);
    for line in text.split_inclusive(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"#")) {
        kept.extend(line.iter().filter(|byte| **byte != 0));
    }
    while kept.last() == Some(&b'\n') {
        kept.pop();
    }
    kept.push(b'\n');
    kept
}
