//! Sockets that the processes below this one have.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::io;

use super::target::socket_number;

/// The numbers of all sockets that a process below this one has. None: one of them cannot be looked at.
pub(super) fn sockets() -> Option<BTreeSet<u64>> {
    let mut sockets = BTreeSet::new();
    for process in processes() {
        match fs::read_dir(format!("/proc/{process}/fd")) {
            Ok(entries) => {
                let links = entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
                sockets.extend(links.filter_map(|link| socket_number(&link)));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => return None,
        }
    }
    Some(sockets)
}

/// All processes below this one.
fn processes() -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(text) = fs::read_to_string(entry.path().join("stat")) else { continue };
        if let Some(parent) = parent(&text) {
            children.entry(parent).or_default().push(process);
        }
    }
    let (mut all, mut next) = (Vec::new(), VecDeque::from([std::process::id()]));
    while let Some(process) = next.pop_front() {
        let below = children.remove(&process).unwrap_or_default();
        all.extend(&below);
        next.extend(below);
    }
    all
}

/// The parent that `/proc/PID/stat` names, behind the program's name in brackets and the state.
fn parent(stat: &str) -> Option<u32> {
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_hides_no_parent() {
        assert_eq!(parent("12 (a) R 5 (b)) S 7 12 12 0"), Some(7));
        assert_eq!(parent("12"), None);
    }
}
