//! Paths, and the files of the kernel's IPVS that they name. Pure.

use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use ipvsadm::proc::ProcFile;
use lvs::director::Sysctl;

/// A file that exists for programs because there is a director.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KernelFile {
    /// `/proc/net/ip_vs*`.
    Proc(ProcFile),
    /// `/proc/sys/net/ipv4/vs/NAME`.
    Setting(String),
    /// The folder of settings itself.
    Settings,
    /// `/proc/modules`.
    Modules,
    /// `/sys/module/ip_vs*` and the folder of its users in it.
    ModuleFolder,
    /// A file below, with its line.
    Module(&'static str),
    /// Configuration of `modprobe` where the host says nothing: `/run/modprobe.d`, which may be a file.
    Modprobe,
}

impl KernelFile {
    /// Whether each network has one of its own. Modules are there for all.
    pub(super) const fn is_of_network(&self) -> bool {
        matches!(self, Self::Proc(_) | Self::Setting(_) | Self::Settings)
    }
}

/// Longest name of a file below a folder that is looked at.
pub(super) const LONGEST: usize = 256;

/// Whether the last part of a path could be one of ours; most are told by it.
pub(super) fn may_be_ours(path: &[u8]) -> bool {
    let trimmed = path.strip_suffix(b"/").unwrap_or(path);
    let (folder, name) = match trimmed.iter().rposition(|byte| *byte == b'/') {
        Some(at) => (Some(&trimmed[..at]), &trimmed[at + 1..]),
        None => (None, trimmed),
    };
    let is_below_vs = match folder {
        Some(folder) => {
            let last = folder.rsplit(|byte| *byte == b'/').next().unwrap_or(folder);
            last == b"vs" || last.starts_with(b"ip_vs") || folder == b"."
        }
        None => Sysctl::ALL.iter().any(|sysctl| sysctl.name().as_bytes() == name),
    };
    name.starts_with(b"ip_vs") || [&b"modules"[..], b"vs", b"modprobe.d"].contains(&name) || is_below_vs
}

/// The file that a path names, whose folder is absolute.
pub(super) fn named(path: &Path) -> Option<KernelFile> {
    let mut parts: Vec<&str> = Vec::new();
    for component in path.components() {
        match component {
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir => {
                parts.pop();
            }
            Component::Normal(part) => parts.push(std::str::from_utf8(part.as_bytes()).ok()?),
            Component::Prefix(_) => return None,
        }
    }
    if parts == ["run", "modprobe.d"] {
        return Some(KernelFile::Modprobe);
    }
    if let ["sys", "module", name, rest @ ..] = &parts[..] {
        return module_file(name, rest);
    }
    // A container may have the host's files elsewhere, as in /host/proc.
    let at = parts.iter().position(|part| *part == "proc")?;
    let below = match &parts[at + 1..] {
        [process, rest @ ..] if is_process(process) => match rest {
            ["task", thread, rest @ ..] if is_process(thread) => rest,
            rest => rest,
        },
        rest => rest,
    };
    match below {
        ["modules"] => Some(KernelFile::Modules),
        ["net", name] => ProcFile::named(&format!("net/{name}")).map(KernelFile::Proc),
        ["sys", "net", "ipv4", "vs"] => Some(KernelFile::Settings),
        ["sys", "net", "ipv4", "vs", name] => Some(KernelFile::Setting((*name).to_owned())),
        _ => None,
    }
}

fn module_file(name: &str, rest: &[&str]) -> Option<KernelFile> {
    if !MODULES.contains(&name) {
        return None;
    }
    match rest {
        [] | ["holders"] => Some(KernelFile::ModuleFolder),
        ["initstate"] => Some(KernelFile::Module("live")),
        ["coresize"] => Some(KernelFile::Module("16384")),
        ["refcnt"] => Some(KernelFile::Module("0")),
        _ => None,
    }
}

/// The kernel's modules, with those of IPVS among them.
pub(super) fn modules(loaded: &str) -> Vec<u8> {
    let is_loaded = |name: &str| loaded.lines().any(|line| line.split(' ').next() == Some(name));
    let users = MODULES[1..].join(",");
    let mut text = String::new();
    for name in MODULES.iter().filter(|name| !is_loaded(name)) {
        let (count, users) =
            if *name == MODULES[0] { (MODULES.len() - 1, format!("{users},")) } else { (0, "-".to_owned()) };
        text.push_str(&format!("{name} 16384 {count} {users} Live 0x0000000000000000\n"));
    }
    (text + loaded).into_bytes()
}

/// Has `modprobe` take the modules of IPVS for loaded.
pub(super) fn modprobe_conf() -> Vec<u8> {
    MODULES.iter().map(|name| format!("install {name} :\n")).collect::<String>().into_bytes()
}

/// The kernel's modules of IPVS.
const MODULES: &[&str] = &[
    "ip_vs",
    "ip_vs_dh",
    "ip_vs_fo",
    "ip_vs_ftp",
    "ip_vs_lblc",
    "ip_vs_lblcr",
    "ip_vs_lc",
    "ip_vs_mh",
    "ip_vs_nq",
    "ip_vs_ovf",
    "ip_vs_pe_sip",
    "ip_vs_rr",
    "ip_vs_sed",
    "ip_vs_sh",
    "ip_vs_twos",
    "ip_vs_wlc",
    "ip_vs_wrr",
];

fn is_process(part: &str) -> bool {
    matches!(part, "self" | "thread-self")
        || !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_listed_once() {
        let text = String::from_utf8(modules("ip_vs_rr 1 0 - Live 0x0\nnft 2 0 - Live 0x0\n")).unwrap();
        assert_eq!(text.matches("ip_vs_rr ").count(), 1, "{text}");
        assert_eq!(text.lines().count(), MODULES.len() + 1);
        assert!(text.starts_with("ip_vs 16384 16 ip_vs_dh,"), "{text}");
    }

    #[test]
    fn files_are_known_by_any_of_their_paths() {
        let of = |path: &str| may_be_ours(path.as_bytes()).then(|| named(Path::new(path))).flatten();
        for path in [
            "/proc/net/ip_vs",
            "/proc/self/net/ip_vs",
            "/proc/17/net/ip_vs",
            "/proc/17/task/18/net/ip_vs",
            "//proc/./sys/../net/ip_vs",
            "/host/proc/1/net/ip_vs",
        ] {
            assert_eq!(of(path), Some(KernelFile::Proc(ProcFile::Services)), "{path}");
        }
        assert_eq!(of("/proc/net/ip_vs_conn"), Some(KernelFile::Proc(ProcFile::Connections)));
        assert_eq!(of("/proc/modules"), Some(KernelFile::Modules));
        assert_eq!(of("/proc/sys/net/ipv4/vs/"), Some(KernelFile::Settings));
        assert_eq!(of("/proc/sys/net/ipv4/vs/conntrack"), Some(KernelFile::Setting("conntrack".to_owned())));
        for path in
            ["/proc/net/ip_vs_none", "/proc/net/tcp", "/etc/modules", "/proc/net/x/ip_vs", "/etc/passwd", ""]
        {
            assert_eq!(of(path), None, "{path}");
        }
        assert_eq!(of("/sys/module/ip_vs_rr/refcnt"), Some(KernelFile::Module("0")));
        assert_eq!(of("/sys/module/ip_vs/"), Some(KernelFile::ModuleFolder));
        assert_eq!(of("/sys/module/ip_vs_none/refcnt"), None);
        assert_eq!(of("/run/modprobe.d"), Some(KernelFile::Modprobe));
        assert!(!may_be_ours(b"/usr/lib/libc.so.6"));
        assert!(!may_be_ours(b"/proc/self/status"));
        assert!(may_be_ours(b"conntrack"));
        assert!(may_be_ours(b"./ip_vs"));
    }
}
