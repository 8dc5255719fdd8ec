//! `tunvs stop`: the director ends, and undoes everything or leaves it to the next one.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use super::args::StopArgs;
use lvs_control::{Client, ClientError, socket_path};

/// Between two looks whether the director has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

#[derive(Debug, thiserror::Error)]
pub(super) enum StopError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("the director at {} stops, but has not ended within {seconds} s: its log says what it waits for", path.display())]
    StillThere { path: PathBuf, seconds: u64 },
}

pub(super) fn run(args: &StopArgs) -> Result<(), StopError> {
    let path = socket_path(args.socket.socket.as_deref());
    Client::connect(&path)?.stop(args.for_restart)?;
    let seconds = args.timeout;
    let mut looks = Duration::from_secs(seconds).as_millis() / LOOK_AGAIN.as_millis();
    // Nobody listens there any more when it has ended.
    while UnixStream::connect(&path).is_ok() {
        looks = looks.checked_sub(1).ok_or_else(|| StopError::StillThere { path: path.clone(), seconds })?;
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}
