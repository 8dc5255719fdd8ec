//! Changes of links that were given another name since: the kernel keeps what was done to a link, by its number.

use std::collections::HashMap;

use super::{Change, RouteKind, Step};

/// New names of links, by their old ones.
pub(in super::super) type Names = HashMap<String, String>;

impl Step {
    /// The same, by the names that links have now. Whether it names such a link.
    pub(in super::super) fn rename(&mut self, names: &Names) -> bool {
        let apply = self.apply.rename(names);
        self.undo.as_mut().is_some_and(|undo| undo.rename(names)) || apply
    }
}

impl Change {
    fn rename(&mut self, names: &Names) -> bool {
        match self {
            Self::AddRoute(route) | Self::DeleteRoute(route) => match &mut route.kind {
                RouteKind::Via(dev) | RouteKind::Local(dev) => rename(dev, names),
                RouteKind::Throw => false,
            },
            Self::AddAddress(address) | Self::DeleteAddress(address) => rename(&mut address.dev, names),
            Self::AddProxy(proxy) | Self::DeleteProxy(proxy) | Self::Announce(proxy) => {
                rename(&mut proxy.dev, names)
            }
            Self::AddClsact(dev) | Self::DeleteClsact(dev) => rename(dev, names),
            Self::AddFilter(filter) | Self::DeleteFilter(filter) => rename(&mut filter.dev, names),
            Self::Sysctl(setting) => {
                let was_there = setting.only_with.as_mut().is_some_and(|links| {
                    let was_there = links.iter().any(|link| names.contains_key(link));
                    let now = |link: String| names.get(&link).cloned().unwrap_or(link);
                    *links = std::mem::take(links).into_iter().map(now).collect();
                    was_there
                });
                rename_key(&mut setting.key, names) || was_there
            }
            // A rule keeps the name that it was given. TUNs are the director's.
            Self::AddRule(_) | Self::DeleteRule(_) | Self::MoveRule { .. } => false,
            Self::Link(_) | Self::DeleteLink(_) | Self::Untrack(_) | Self::Track(_) => false,
        }
    }
}

fn rename(dev: &mut String, names: &Names) -> bool {
    names.get(dev).is_some_and(|new| {
        dev.clone_from(new);
        true
    })
}

/// The same for the key of a setting of a link, as `net/ipv4/conf/eth0/rp_filter`.
pub(in super::super) fn rename_key(key: &mut String, names: &Names) -> bool {
    let mut parts: Vec<&str> = key.split('/').collect();
    let Some(new) = parts.get(3).and_then(|dev| names.get(*dev)) else { return false };
    parts[3] = new;
    *key = parts.join("/");
    true
}
