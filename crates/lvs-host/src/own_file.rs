//! Whether a file can be believed: one that others could have written says what they want it to say.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;

/// Bits of a mode that let others write.
const OTHERS_WRITE: u32 = 0o022;

/// Flags to open such a file with: no link of somebody else's is followed, and no pipe is waited for.
pub const OPEN_FLAGS: i32 = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC;

/// Checks that an open file is a plain one that nobody but this user can have written.
///
/// # Errors
/// The file is no plain one, is another user's, or may be written by others.
pub fn check(file: &File) -> io::Result<()> {
    let found = file.metadata()?;
    let own = nix::unistd::geteuid().as_raw();
    if !found.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    if found.uid() != own || found.mode() & OTHERS_WRITE != 0 {
        let (uid, mode) = (found.uid(), found.mode() & 0o7777);
        return Err(io::Error::other(format!(
            "it is of the user {uid} with the mode {mode:04o}, and has to be of the user {own} alone"
        )));
    }
    Ok(())
}
