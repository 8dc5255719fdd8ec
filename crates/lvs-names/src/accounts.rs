//! Users and groups, from `/etc/passwd` and `/etc/group`. A number stands for itself.

use std::path::Path;

/// A user's number, and that of its first group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    pub uid: u32,
    /// None: a number without a name has no group of its own.
    pub gid: Option<u32>,
}

/// The accounts of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    users: Vec<(String, User)>,
    groups: Vec<(String, u32)>,
}

impl Accounts {
    /// The accounts of this host; none where it has no such files.
    pub fn of_this_host() -> Self {
        let read = |path: &str| std::fs::read(Path::new("/etc").join(path)).unwrap_or_default();
        Self::parse(&read("passwd"), &read("group"))
    }

    /// Lines are `name:password:uid:gid:...` and `name:password:gid:...`; others are skipped.
    pub fn parse(passwd: &[u8], group: &[u8]) -> Self {
        let user = |fields: &[&str]| match fields {
            [name, _, uid, gid, ..] => {
                Some(((*name).to_owned(), User { uid: uid.parse().ok()?, gid: Some(gid.parse().ok()?) }))
            }
            _ => None,
        };
        let group_of = |fields: &[&str]| match fields {
            [name, _, gid, ..] => Some(((*name).to_owned(), gid.parse().ok()?)),
            _ => None,
        };
        Self { users: lines(passwd, user), groups: lines(group, group_of) }
    }

    /// A user by its name, or by its number, which needs no line in the file.
    pub fn user(&self, name: &str) -> Option<User> {
        let named = self.users.iter().find(|(known, _)| known == name).map(|(_, user)| *user);
        named.or_else(|| {
            let uid = number(name)?;
            let known = self.users.iter().find(|(_, user)| user.uid == uid);
            Some(known.map_or(User { uid, gid: None }, |(_, user)| *user))
        })
    }

    /// A group by its name, or by its number.
    pub fn group(&self, name: &str) -> Option<u32> {
        let named = self.groups.iter().find(|(known, _)| known == name).map(|(_, gid)| *gid);
        named.or_else(|| number(name))
    }
}

/// A number as they are typed; the last one stands for none in system calls.
fn number(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| is_number && *number != u32::MAX)
}

fn lines<T>(text: &[u8], parse: impl Fn(&[&str]) -> Option<(String, T)>) -> Vec<(String, T)> {
    let lines = text.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    // With + and - began lines for NIS.
    let lines = lines.filter(|line| !line.starts_with(['#', '+', '-', ':']));
    lines.filter_map(|line| parse(&line.split(':').collect::<Vec<_>>())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_groups_are_found_by_name_and_number() {
        let accounts = Accounts::parse(
            b"root:x:0:0:root:/root:/bin/sh\n# no:x:1:1\n+nis:x:2:2\nshort:x:3\ndaemon:x:1:7::/:\nbad:x:y:1:\n\xff:x:9:9\n12:x:500:600\n",
            b"root:x:0:\ntty:x:5:a,b\nbad:x:-1:\n",
        );
        let user = |name| accounts.user(name).map(|user| (user.uid, user.gid));
        assert_eq!(user("root"), Some((0, Some(0))));
        assert_eq!(user("daemon"), Some((1, Some(7))));
        assert_eq!(user("1"), Some((1, Some(7))));
        assert_eq!(user("4242"), Some((4242, None)));
        // A name of digits comes before the number.
        assert_eq!(user("12"), Some((500, Some(600))));
        for name in ["", "no", "nis", "+nis", "short", "bad", "Root", "-1", "+1", "4294967295", "4294967296"]
        {
            assert_eq!(user(name), None, "{name}");
        }
        assert_eq!(accounts.group("tty"), Some(5));
        assert_eq!(accounts.group("77"), Some(77));
        assert_eq!(accounts.group("bad"), None);
        assert_eq!(Accounts::default().user("0"), Some(User { uid: 0, gid: None }));
    }
}
