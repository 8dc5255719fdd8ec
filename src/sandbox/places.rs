//! Places that a director may change in the file system, as data, and the Landlock rules of that. Everything may be read.

use std::fs::{self, File};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, AccessFs, BitFlags, CompatLevel, Compatible, LandlockStatus, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus,
};

/// Newest rights that are asked for; older kernels take those that they know.
const RIGHTS: ABI = ABI::V5;

/// A right to a file, or below a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccessRight {
    /// All but running it, and making devices.
    Change,
    /// Writing what is there.
    Write,
    /// Removing folders, which are empty then.
    RemoveFolders,
    Run,
}

impl AccessRight {
    fn access(self) -> BitFlags<AccessFs> {
        match self {
            Self::Change => AccessFs::from_write(RIGHTS) & !(AccessFs::MakeChar | AccessFs::MakeBlock),
            Self::Write => AccessFs::from_write(RIGHTS) & AccessFs::from_file(RIGHTS),
            Self::RemoveFolders => AccessFs::RemoveDir.into(),
            Self::Run => AccessFs::Execute.into(),
        }
    }
}

/// Files that a director keeps.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    pub socket: PathBuf,
    pub flow_log: Option<PathBuf>,
    pub proc_dir: Option<PathBuf>,
}

impl Kept {
    /// Folders in which the director makes files.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let log = self.flow_log.as_deref().filter(|log| log.as_os_str() != "-" && is_plain(log));
        let real = log.and_then(|log| log.canonicalize().ok());
        let logs = [log, real.as_deref()].into_iter().flatten().map(folder);
        [folder(&self.socket)].into_iter().chain(logs).chain(self.proc_dir.clone()).collect()
    }

    /// All places and rights.
    pub(super) fn places(&self) -> Vec<(PathBuf, AccessRight)> {
        let mut places: Vec<_> =
            self.folders().into_iter().map(|folder| (folder, AccessRight::Change)).collect();
        // The folder of the socket, if the director has made it.
        places.push((folder(&folder(&self.socket)), AccessRight::RemoveFolders));
        // A device or a pipe.
        places
            .extend(self.flow_log.clone().filter(|log| !is_plain(log)).map(|log| (log, AccessRight::Write)));
        places.push((PathBuf::from("/proc/sys/net"), AccessRight::Write));
        places.push((PathBuf::from("/dev/net/tun"), AccessRight::Write));
        // What the process that was started first becomes after an upgrade.
        let own = PathBuf::from("/proc/self/exe");
        places.extend(loader(&own).map(|loader| (loader, AccessRight::Run)));
        places.push((own, AccessRight::Run));
        places
    }
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        Some(_) => PathBuf::from("."),
        None => path.to_owned(),
    }
}

/// Whether it is a plain file, or will be one.
fn is_plain(path: &Path) -> bool {
    fs::metadata(path).map_or(true, |found| found.is_file())
}

/// The program that loads a program's libraries (`PT_INTERP` of elf(5)); a static program has none.
fn loader(program: &Path) -> Option<PathBuf> {
    const LOADER: u32 = 3;
    let file = File::open(program).ok()?;
    let number = |at: u64, len: usize| {
        let mut bytes = [0; 8];
        file.read_exact_at(&mut bytes[..len], at).ok().map(|()| u64::from_le_bytes(bytes))
    };
    let (headers, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
    let header = (0..count)
        .map(|header| headers + header * size)
        .find(|at| number(*at, 4).is_some_and(|kind| kind == u64::from(LOADER)))?;
    let (place, len) = (number(header + 8, 8)?, number(header + 32, 8)?);
    let mut name = vec![0; usize::try_from(len).ok().filter(|len| *len < 4096)?];
    file.read_exact_at(&mut name, place).ok()?;
    name.retain(|byte| *byte != 0);
    Some(PathBuf::from(std::ffi::OsString::from_vec(name)))
}

/// Has this thread, and those that it starts, change nothing but these places, and run nothing else. Returns the version of Landlock.
///
/// The descriptors keep the files of /proc what they are: the kernel makes new ones of those that nobody holds.
///
/// # Errors
/// The kernel does not do it.
pub(super) fn confine(places: &[(PathBuf, AccessRight)]) -> Result<(u32, Vec<PathFd>), LandlockError> {
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_write(RIGHTS) | AccessFs::Execute)?
        .create()?;
    let mut held = Vec::new();
    for (place, right) in places {
        // What is not there cannot be changed, and a TUN cannot be made without its driver.
        let Ok(fd) = PathFd::new(place) else { continue };
        rules = rules.add_rule(PathBeneath::new(&fd, right.access()))?;
        held.push(fd);
    }
    let status = rules.restrict_self()?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, LandlockStatus::NotEnabled) => Err(LandlockError::Off),
        (RulesetStatus::NotEnforced, _) => Err(LandlockError::Missing),
        (_, LandlockStatus::Available { effective_abi, .. }) => Ok((effective_abi as u32, held)),
        (_, _) => Err(LandlockError::Missing),
    }
}

#[derive(Debug, thiserror::Error)]
pub(super) enum LandlockError {
    #[error("this kernel has no Landlock (Linux 5.13)")]
    Missing,
    #[error("Landlock is switched off at boot (`lsm=`)")]
    Off,
    #[error("Landlock: {0}")]
    Refused(#[from] RulesetError),
}
