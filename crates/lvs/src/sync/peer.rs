//! Greetings of directors that look for each other: the datagram by which they find each other, and the first bytes of a
//! connection between them. Fixed lengths, so that there is nothing to believe before they are whole.

/// Raised when a director of before could not read what follows.
pub const VERSION: u16 = 2;

const HELLO_MAGIC: [u8; 8] = *b"LVShello";
const GREETING_MAGIC: [u8; 8] = *b"LVSpeers";

/// Bytes of a random number that is used once.
pub const NONCE: usize = 32;

/// Letters of a program's version at most; the rest is cut off.
const LONGEST_RELEASE: usize = 31;

/// Says that a director is there, and where it can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Another one with each start of a director.
    pub id: u64,
    pub sync_id: u8,
    /// TCP port, at the address that the datagram comes from.
    pub port: u16,
    /// Answers another, and is not answered.
    pub is_answer: bool,
}

impl Hello {
    pub const LEN: usize = 8 + 2 + 8 + 1 + 2 + 1;

    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..8].copy_from_slice(&HELLO_MAGIC);
        bytes[8..10].copy_from_slice(&VERSION.to_le_bytes());
        bytes[10..18].copy_from_slice(&self.id.to_le_bytes());
        bytes[18] = self.sync_id;
        bytes[19..21].copy_from_slice(&self.port.to_le_bytes());
        bytes[21] = self.is_answer.into();
        bytes
    }

    /// # Errors
    /// The bytes greet nobody, or in another version.
    pub fn read(bytes: &[u8; Self::LEN]) -> Result<Self, NoGreeting> {
        check(HELLO_MAGIC, &bytes[..8], [bytes[8], bytes[9]])?;
        let [id @ .., sync_id, port_0, port_1, is_answer] = tail::<12>(&bytes[10..])?;
        Ok(Self {
            id: u64::from_le_bytes(id),
            sync_id,
            port: u16::from_le_bytes([port_0, port_1]),
            is_answer: is_answer & 1 != 0,
        })
    }
}

/// The first bytes of either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    pub id: u64,
    pub sync_id: u8,
    /// The sync daemons that run there, for listings.
    pub is_master: bool,
    pub is_backup: bool,
    /// All that follows is authenticated.
    pub has_secret: bool,
    pub nonce: [u8; NONCE],
    /// Version of the program, for listings.
    pub release: String,
}

impl Greeting {
    pub const LEN: usize = 8 + 2 + 8 + 1 + 1 + NONCE + 1 + LONGEST_RELEASE;

    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..8].copy_from_slice(&GREETING_MAGIC);
        bytes[8..10].copy_from_slice(&VERSION.to_le_bytes());
        bytes[10..18].copy_from_slice(&self.id.to_le_bytes());
        bytes[18] = self.sync_id;
        let flags = [self.is_master, self.is_backup, self.has_secret];
        bytes[19] = flags.iter().rev().fold(0, |sum, flag| sum << 1 | u8::from(*flag));
        bytes[20..20 + NONCE].copy_from_slice(&self.nonce);
        let len = self.release.len().min(LONGEST_RELEASE);
        bytes[20 + NONCE] = len as u8;
        bytes[21 + NONCE..21 + NONCE + len].copy_from_slice(&self.release.as_bytes()[..len]);
        bytes
    }

    /// # Errors
    /// The bytes greet nobody, or in another version.
    pub fn read(bytes: &[u8; Self::LEN]) -> Result<Self, NoGreeting> {
        check(GREETING_MAGIC, &bytes[..8], [bytes[8], bytes[9]])?;
        let [id @ .., sync_id, flags] = tail::<10>(&bytes[10..])?;
        let (nonce, rest) = bytes[20..].split_first_chunk::<NONCE>().ok_or(NoGreeting::Foreign)?;
        let release = rest.split_first().and_then(|(len, text)| text.get(..usize::from(*len)));
        let release = release.ok_or(NoGreeting::Foreign)?;
        let is_printable = release.iter().all(u8::is_ascii_graphic);
        Ok(Self {
            id: u64::from_le_bytes(id),
            sync_id,
            is_master: flags & 1 != 0,
            is_backup: flags & 2 != 0,
            has_secret: flags & 4 != 0,
            nonce: *nonce,
            release: if is_printable {
                String::from_utf8_lossy(release).into_owned()
            } else {
                "?".to_owned()
            },
        })
    }
}

/// Why bytes are no greeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoGreeting {
    #[error("no director of tunvs speaks there")]
    Foreign,
    #[error(
        "the director there speaks version {0} of the channel, and this one {VERSION}: use releases that speak the same"
    )]
    OtherVersion(u16),
}

fn check(magic: [u8; 8], found: &[u8], version: [u8; 2]) -> Result<(), NoGreeting> {
    if found != magic {
        return Err(NoGreeting::Foreign);
    }
    match u16::from_le_bytes(version) {
        VERSION => Ok(()),
        other => Err(NoGreeting::OtherVersion(other)),
    }
}

fn tail<const N: usize>(bytes: &[u8]) -> Result<[u8; N], NoGreeting> {
    bytes.first_chunk::<N>().copied().ok_or(NoGreeting::Foreign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_are_read_as_they_were_written() {
        let hello = Hello { id: 0x1122_3344_5566_7788, sync_id: 7, port: 8849, is_answer: true };
        assert_eq!(Hello::read(&hello.to_bytes()), Ok(hello));
        let greeting = Greeting {
            id: 5,
            sync_id: 255,
            is_master: true,
            is_backup: false,
            has_secret: true,
            nonce: [9; NONCE],
            release: "0.1.0".to_owned(),
        };
        assert_eq!(Greeting::read(&greeting.to_bytes()).as_ref(), Ok(&greeting));
        let long = Greeting { release: "1".repeat(100), ..greeting };
        assert_eq!(Greeting::read(&long.to_bytes()).unwrap().release, "1".repeat(LONGEST_RELEASE));
    }

    #[test]
    fn other_bytes_and_versions_are_told_apart() {
        let mut hello = Hello { id: 1, sync_id: 0, port: 1, is_answer: false }.to_bytes();
        hello[8] = 3;
        assert_eq!(Hello::read(&hello), Err(NoGreeting::OtherVersion(3)));
        hello[0] = 0;
        assert_eq!(Hello::read(&hello), Err(NoGreeting::Foreign));
        assert_eq!(Greeting::read(&[0xff; Greeting::LEN]), Err(NoGreeting::Foreign));
    }
}
