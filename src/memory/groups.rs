//! Control groups that bound the memory of a process, version 2 and 1, with all groups above.

use super::Memory;

/// Names of one version's files.
#[derive(Debug)]
struct Names {
    /// Each bounds; the kernel takes away what is beyond the lowest, by force or by slowing down.
    limits: &'static [&'static str],
    used: &'static str,
    /// The part of it that the kernel takes back when it needs to, as a line of `memory.stat`.
    cached: &'static str,
}

static V2: Names =
    Names { limits: &["memory.max", "memory.high"], used: "memory.current", cached: "inactive_file" };
static V1: Names = Names {
    limits: &["memory.limit_in_bytes"],
    used: "memory.usage_in_bytes",
    cached: "total_inactive_file",
};

/// Folders of the groups that a process is in, the innermost first.
#[derive(Debug, Default)]
pub struct Groups(Vec<(String, &'static Names)>);

impl Groups {
    /// From `/proc/PID/cgroup` and `/proc/self/mountinfo`.
    pub fn of(cgroup: &str, mountinfo: &str) -> Self {
        let mut groups = Self::default();
        for line in cgroup.lines() {
            let mut fields = line.splitn(3, ':');
            let (Some(number), Some(controllers), Some(path)) = (fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            let is_v2 = number == "0" && controllers.is_empty();
            if !is_v2 && !controllers.split(',').any(|name| name == "memory") {
                continue;
            }
            if let Some(Mount { root, folder }) = mount(mountinfo, is_v2) {
                let names = if is_v2 { &V2 } else { &V1 };
                groups.0.extend(levels(path, &root).map(|level| (format!("{folder}{level}"), names)));
            }
        }
        groups
    }

    /// The memory that the tightest of them leaves; None where none bounds it. Of a group that is removed or cannot be read
    /// nothing is known.
    pub fn memory(&self, read: &dyn Fn(&str) -> Option<String>) -> Option<Memory> {
        let of = |(folder, names): &(String, &'static Names)| {
            let number = |name: &str| read(&format!("{folder}/{name}"))?.trim().parse::<u64>().ok();
            let total = names.limits.iter().filter_map(|name| number(name)).min()?;
            let stat = read(&format!("{folder}/memory.stat")).unwrap_or_default();
            let cached = stat
                .lines()
                .find_map(|line| line.strip_prefix(names.cached)?.strip_prefix(' ')?.parse::<u64>().ok());
            let used = number(names.used).unwrap_or(0).saturating_sub(cached.unwrap_or(0));
            Some(Memory { total, available: total.saturating_sub(used) })
        };
        self.0.iter().filter_map(of).reduce(Memory::within)
    }
}

/// A hierarchy that can be read: the group that is its root there, and the folder.
struct Mount {
    root: String,
    folder: String,
}

fn mount(mountinfo: &str, is_v2: bool) -> Option<Mount> {
    mountinfo.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let mut after = after.split(' ');
        let (kind, options) = (after.next()?, after.nth(1)?);
        let is_meant = match is_v2 {
            true => kind == "cgroup2",
            false => kind == "cgroup" && options.split(',').any(|option| option == "memory"),
        };
        let mut before = before.split(' ').skip(3);
        let (root, folder) = (before.next()?, before.next()?);
        is_meant.then(|| Mount { root: unescaped(root), folder: unescaped(folder) })
    })
}

/// As the kernel writes blanks in the names of folders.
fn unescaped(text: &str) -> String {
    text.replace("\\040", " ")
}

/// The group and all above, as far as they can be seen below the root of the mount; the last is the root itself.
fn levels(path: &str, root: &str) -> impl Iterator<Item = String> {
    // A root that begins with dots lies above this process' own view, and is told by paths of that view.
    let below = match root {
        "/" => Some(path),
        root if root.starts_with("/..") => Some(path),
        root => path.strip_prefix(root).filter(|below| below.is_empty() || below.starts_with('/')),
    };
    let below =
        below.filter(|below| !below.contains("..")).unwrap_or_default().trim_end_matches('/').to_owned();
    std::iter::successors(Some(below), |level| level.rfind('/').map(|at| level[..at].to_owned()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const V2_MOUNT: &str = "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
    const V1_MOUNTS: &str = "33 31 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
         35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
         41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

    fn memory(cgroup: &str, mountinfo: &str, files: &[(&str, &str)]) -> Option<Memory> {
        let files: HashMap<&str, &str> = files.iter().copied().collect();
        Groups::of(cgroup, mountinfo).memory(&|path| files.get(path).map(|text| (*text).to_owned()))
    }

    #[test]
    fn the_tightest_group_above_counts_and_what_is_cached_is_free() {
        let files = [
            ("/sys/fs/cgroup/kubepods/pod7/memory.max", "max\n"),
            ("/sys/fs/cgroup/kubepods/pod7/memory.high", "50000\n"),
            ("/sys/fs/cgroup/kubepods/pod7/memory.current", "30000\n"),
            ("/sys/fs/cgroup/kubepods/pod7/memory.stat", "anon 9\ninactive_file 8000\n"),
            ("/sys/fs/cgroup/kubepods/memory.max", "100000\n"),
            ("/sys/fs/cgroup/kubepods/memory.high", "max\n"),
            ("/sys/fs/cgroup/kubepods/memory.current", "95000\n"),
        ];
        let seen = memory("0::/kubepods/pod7\n", V2_MOUNT, &files);
        assert_eq!(seen, Some(Memory { total: 50_000, available: 5000 }));
        assert_eq!(memory("0::/\n", V2_MOUNT, &files), None);
        assert_eq!(memory("0::/kubepods/gone\n", V2_MOUNT, &files[..4]), None);
    }

    #[test]
    fn a_container_sees_its_group_as_the_root() {
        let files = [("/sys/fs/cgroup/memory.max", "67108864"), ("/sys/fs/cgroup/memory.current", "1048576")];
        let seen = Some(Memory { total: 64 << 20, available: 63 << 20 });
        assert_eq!(memory("0::/\n", V2_MOUNT, &files), seen);
        let bound = V2_MOUNT.replace("0:26 / /sys", "0:26 /docker/7 /sys");
        assert_eq!(memory("0::/docker/7\n", &bound, &files), seen);
        assert_eq!(memory("0::/docker/71\n", &bound, &files), seen, "another's cannot be seen");
        let above = V2_MOUNT.replace("0:26 / /sys", "0:26 /.. /sys");
        assert_eq!(memory("0::/\n", &above, &files), seen);
        assert_eq!(memory("0::/../other\n", V2_MOUNT, &files), seen);
    }

    #[test]
    fn version_1_and_both_at_once() {
        let files = [
            ("/sys/fs/cgroup/memory/docker/7/memory.limit_in_bytes", "67108864\n"),
            ("/sys/fs/cgroup/memory/docker/7/memory.usage_in_bytes", "33554432\n"),
            ("/sys/fs/cgroup/memory/docker/7/memory.stat", "inactive_file 1\ntotal_inactive_file 1048576\n"),
            ("/sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "9223372036854771712\n"),
        ];
        let cgroup = "9:name=systemd:/\n4:memory:/docker/7\n0::/\n";
        let seen = memory(cgroup, V1_MOUNTS, &files);
        assert_eq!(seen, Some(Memory { total: 64 << 20, available: 33 << 20 }));
        assert_eq!(memory("3:cpuset:/\nrubbish\n", V1_MOUNTS, &files), None);
    }
}
