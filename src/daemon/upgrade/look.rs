//! Whether a program is a tunvs that can take over from this one: it is asked.

use std::io::PipeReader;
use std::path::Path;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

use super::{FORMATS, STATE};
use crate::starter::{self, Order, Program, StartError};
use lvs_control::UpgradeRefusal;

/// Time that a program has to say what it is.
const LOOK: Duration = Duration::from_secs(10);

/// The longest answer that is looked at.
const LONGEST_ANSWER: u64 = 4096;

/// Looks whether the program is a tunvs that can take over.
pub(super) async fn look_at(binary: &Path) -> Result<(), UpgradeRefusal> {
    let not_runnable = |why: String| UpgradeRefusal::NotRunnable { binary: binary.to_owned(), why };
    let (reader, writer) = std::io::pipe().map_err(|error| not_runnable(error.to_string()))?;
    let order = Order::Look(binary.as_os_str().to_owned());
    let mut asked = starter::start(&order, Some(writer.into())).map_err(|error| not_runnable(why(error)))?;
    let (answer, succeeded) = match tokio::time::timeout(LOOK, answer(reader, &mut asked)).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(error)) => return Err(not_runnable(error.to_string())),
        Err(_) => {
            asked.kill();
            let _ = asked.end().await;
            return Err(not_runnable(format!("it says nothing within {} s", LOOK.as_secs())));
        }
    };
    let answer = answer.lines().next().unwrap_or_default();
    let Some(reads) = answer.strip_prefix(FORMATS).filter(|_| succeeded) else {
        let answer = answer.chars().take(100).collect();
        return Err(UpgradeRefusal::NotTunvs { binary: binary.to_owned(), answer });
    };
    if !reads.split_whitespace().any(|version| version == STATE.to_string()) {
        let reads = reads.trim().to_owned();
        return Err(UpgradeRefusal::OtherState { binary: binary.to_owned(), reads, writes: STATE });
    }
    Ok(())
}

/// Everything that a program prints before it ends, and whether it succeeds.
async fn answer(reader: PipeReader, asked: &mut Program) -> std::io::Result<(String, bool)> {
    let mut said = Vec::new();
    let reader = pipe::Receiver::from_owned_fd(reader.into())?;
    reader.take(LONGEST_ANSWER).read_to_end(&mut said).await?;
    let status = asked.end().await?;
    Ok((String::from_utf8_lossy(&said).into_owned(), status.success()))
}

/// The reason alone, where the binary is named beside it.
pub(super) fn why(error: StartError) -> String {
    match error {
        StartError::Program { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}
