//! Prices the sandbox for the calls that packets are read and written by: writes and reads through a pipe, before and after it is put on.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures, and prints what it found")]

use std::io::{Read, Write, pipe};
use std::time::Instant;

use tunvs::sandbox::{Kept, enter};

const CALLS: u32 = 1_000_000;
const ROUNDS: usize = 5;

/// Nanoseconds for a write and a read, in the best of some rounds.
fn price() -> std::io::Result<f64> {
    let (mut reader, mut writer) = pipe()?;
    let mut byte = [0];
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for _ in 0..CALLS {
            writer.write_all(&byte)?;
            reader.read_exact(&mut byte)?;
        }
        best = best.min(began.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS));
    }
    Ok(best)
}

fn main() -> std::io::Result<()> {
    let before = price()?;
    let sandbox = enter(&Kept { socket: "/tmp/none.sock".into(), ..Kept::default() });
    let after = price()?;
    println!(
        "a write and a read: {before:.0} ns before, {after:.0} ns in the sandbox ({:?})",
        sandbox.status
    );
    Ok(())
}
