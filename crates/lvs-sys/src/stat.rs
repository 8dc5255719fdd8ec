//! Answers of `stat(2)` and `statx(2)` about a file, as the bytes that they write.

/// A file's properties.
#[derive(Clone, Copy, Debug)]
pub struct FileStat {
    /// Kind and permissions.
    pub mode: u32,
    pub inode: u64,
    /// Seconds since 1970.
    pub modified: i64,
}

/// `struct stat`.
#[must_use]
pub fn stat(file: &FileStat) -> Vec<u8> {
    // SAFETY: all zeros is a valid structure.
    let mut raw: libc::stat = unsafe { std::mem::zeroed() };
    raw.st_mode = file.mode;
    raw.st_ino = file.inode;
    raw.st_nlink = 1;
    raw.st_blksize = 1024;
    raw.st_mtime = file.modified;
    raw.st_ctime = file.modified;
    raw.st_atime = file.modified;
    bytes(&raw)
}

/// `struct statx` with its basic fields.
#[must_use]
pub fn statx(file: &FileStat) -> Vec<u8> {
    // SAFETY: all zeros is a valid structure.
    let mut raw: libc::statx = unsafe { std::mem::zeroed() };
    raw.stx_mask = libc::STATX_BASIC_STATS;
    raw.stx_mode = file.mode as u16;
    raw.stx_ino = file.inode;
    raw.stx_nlink = 1;
    raw.stx_blksize = 1024;
    raw.stx_mtime.tv_sec = file.modified;
    raw.stx_ctime.tv_sec = file.modified;
    raw.stx_atime.tv_sec = file.modified;
    bytes(&raw)
}

fn bytes<T>(raw: &T) -> Vec<u8> {
    // SAFETY: the structure was made of zeros, so all its bytes are set, those between its fields, too.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(raw).cast::<u8>(), size_of::<T>()) }.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_structures() {
        let file = FileStat { mode: libc::S_IFREG | 0o444, inode: 7, modified: 9 };
        assert_eq!(stat(&file).len(), size_of::<libc::stat>());
        assert_eq!(statx(&file).len(), 256);
        assert_eq!(u64::from_ne_bytes(stat(&file)[8..16].try_into().unwrap_or_default()), 7);
    }
}
