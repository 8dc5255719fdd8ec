//! The secret that directors share, and what it makes of messages: a sum over each (HMAC-SHA256) that nobody else can make.
//! The only file that names `hmac` and `sha2`.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of a sum.
pub(super) const TAG: usize = 32;

/// A secret that is shorter can be guessed from one message.
const SHORTEST: usize = 16;
const LONGEST: u64 = 4096;

/// A key, of the secret itself or of one direction of one connection.
#[derive(Clone)]
pub(in crate::daemon) struct Key(Hmac<Sha256>);

/// Reasons to take no secret from a file.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("cannot read the sync secret {path}")]
    Read { path: PathBuf, source: io::Error },
    #[error("others than its owner may read the sync secret {0}: `chmod 600` it")]
    Open(PathBuf),
    #[error("the sync secret {path} has {len} bytes: {SHORTEST} to {LONGEST} are needed, drawn at random")]
    Length { path: PathBuf, len: usize },
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// The secret of a file, without the white space around it.
    pub(in crate::daemon) fn load(path: &Path) -> Result<Self, SecretError> {
        let failed = |source| SecretError::Read { path: path.to_owned(), source };
        let file = fs::File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.mode() & 0o077 != 0 {
            return Err(SecretError::Open(path.to_owned()));
        }
        let mut text = Vec::new();
        file.take(LONGEST + 1).read_to_end(&mut text).map_err(failed)?;
        let secret = text.trim_ascii();
        if secret.len() < SHORTEST || text.len() as u64 > LONGEST {
            return Err(SecretError::Length { path: path.to_owned(), len: text.len() });
        }
        Self::new(secret).ok_or_else(|| SecretError::Length { path: path.to_owned(), len: text.len() })
    }

    fn new(bytes: &[u8]) -> Option<Self> {
        Hmac::new_from_slice(bytes).ok().map(Self)
    }

    /// The key for what is said by the one who greeted so, to the one who greeted so.
    pub(super) fn of_direction(&self, speaker: &[u8], hearer: &[u8]) -> Option<Self> {
        Self::new(&self.tag(&[b"tunvs sync channel", speaker, hearer]))
    }

    pub(super) fn tag(&self, parts: &[&[u8]]) -> [u8; TAG] {
        let mut mac = self.0.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }

    /// Whether the sum is that of these parts; in the same time whatever is wrong.
    pub(super) fn is_right(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        let mut mac = self.0.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.verify_slice(tag).is_ok()
    }
}

/// Bytes that nobody can foresee.
pub(super) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn sums_are_those_of_the_standard() {
        // RFC 4231, test case 2.
        let key = Key::new(b"Jefe").unwrap();
        let tag = key.tag(&[b"what do ya want ", b"for nothing?"]);
        assert_eq!(tag[..4], [0x5b, 0xdc, 0xc1, 0x46]);
        assert_eq!(tag[28..], [0x64, 0xec, 0x38, 0x43]);
        assert!(key.is_right(&[b"what do ya want for nothing?"], &tag));
        assert!(!key.is_right(&[b"what do ya want for nothing!"], &tag));
        assert!(!key.is_right(&[b"what do ya want for nothing?"], &tag[..31]));
    }

    #[test]
    fn each_direction_has_a_key_of_its_own() {
        let key = Key::new(b"0123456789abcdef").unwrap();
        let [there, back] = [("a", "b"), ("b", "a")].map(|(speaker, hearer)| {
            key.of_direction(speaker.as_bytes(), hearer.as_bytes()).unwrap().tag(&[b"x"])
        });
        assert_ne!(there, back);
    }

    #[test]
    fn files_that_keep_no_secret_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        assert!(matches!(Key::load(&path), Err(SecretError::Read { .. })));
        let load = |text: &str, mode| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            Key::load(&path)
        };
        assert!(load("0123456789abcdef\n", 0o600).is_ok());
        assert!(matches!(load("0123456789abcdef\n", 0o640), Err(SecretError::Open(_))));
        assert!(matches!(load("short\n", 0o600), Err(SecretError::Length { .. })));
        assert!(matches!(load(&"x".repeat(5000), 0o600), Err(SecretError::Length { .. })));
    }
}
