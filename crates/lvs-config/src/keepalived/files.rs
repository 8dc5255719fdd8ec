//! Finding the files that a shell pattern means.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::surroundings::Surroundings;

/// Most paths that one pattern is expanded to.
const MOST: usize = 4096;

/// The files that a shell pattern means, sorted for each alternative in braces.
pub(super) fn glob(files: &dyn Surroundings, folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for alternative in braces(pattern) {
        let mut paths = BTreeSet::from([if alternative.starts_with('/') {
            PathBuf::from("/")
        } else {
            folder.to_owned()
        }]);
        for component in Path::new(&alternative).components() {
            let Component::Normal(name) = component else {
                if component == Component::ParentDir {
                    paths = paths.into_iter().map(|path| path.join("..")).collect();
                }
                continue;
            };
            let name = name.to_string_lossy();
            paths = paths.iter().flat_map(|path| step(files, path, &name)).take(MOST).collect();
        }
        found.extend(paths.into_iter().take(MOST));
    }
    found.truncate(MOST);
    found
}

/// Whether a pattern can match more than one name, or none without being a mistake.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

fn step(files: &dyn Surroundings, folder: &Path, name: &str) -> Vec<PathBuf> {
    if !name.contains(['*', '?', '[']) {
        let path = folder.join(name);
        return if files.exists(&path) { vec![path] } else { Vec::new() };
    }
    let pattern: Vec<char> = name.chars().collect();
    let names = files.names(folder).into_iter();
    names
        .filter(|found| !found.starts_with('.') || name.starts_with('.'))
        .filter(|found| matches(&pattern, &found.chars().collect::<Vec<_>>()))
        .map(|found| folder.join(found))
        .collect()
}

/// The alternatives of `a{b,c}d`, innermost braces first.
fn braces(pattern: &str) -> Vec<String> {
    let mut todo = vec![pattern.to_owned()];
    let mut done = Vec::new();
    while let Some(text) = todo.pop() {
        if done.len() + todo.len() > MOST {
            break;
        }
        let group = text.find('}').and_then(|close| text[..close].rfind('{').map(|open| (open, close)));
        let Some((open, close)) = group else {
            done.push(text);
            continue;
        };
        let (head, tail) = (&text[..open], &text[close + 1..]);
        let choices = text[open + 1..close].rsplit(',').map(|choice| format!("{head}{choice}{tail}"));
        todo.extend(choices.collect::<Vec<_>>());
    }
    done
}

/// Shell matching of one name: `*`, `?`, `[a-z]`, `[!a-z]`.
fn matches(pattern: &[char], name: &[char]) -> bool {
    let (mut at, mut from) = (0, 0);
    // Where the last star was, and what it has swallowed: where to go on if the rest does not fit.
    let mut star = None;
    while from < name.len() {
        let next = match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
                continue;
            }
            Some('?') => Some(at + 1),
            Some('[') => class(&pattern[at..], name[from]).map(|len| at + len),
            Some(letter) => (*letter == name[from]).then_some(at + 1),
            None => None,
        };
        match (next, star) {
            (Some(next), _) => (at, from) = (next, from + 1),
            (None, Some((star_at, swallowed))) => {
                star = Some((star_at, swallowed + 1));
                (at, from) = (star_at + 1, swallowed + 1);
            }
            (None, None) => return false,
        }
    }
    pattern[at..].iter().all(|letter| *letter == '*')
}

/// The length of a class that `letter` belongs to. A `[` that nothing closes stands for itself.
fn class(pattern: &[char], letter: char) -> Option<usize> {
    let negated = matches!(pattern.get(1), Some('!' | '^'));
    let start = if negated { 2 } else { 1 };
    let Some(close) = pattern.iter().skip(start + 1).position(|one| *one == ']').map(|at| at + start + 1)
    else {
        return (letter == '[').then_some(1);
    };
    let mut members = &pattern[start..close];
    let mut belongs = false;
    while let [first, rest @ ..] = members {
        if let ['-', last, after @ ..] = rest {
            belongs |= (*first..=*last).contains(&letter);
            members = after;
        } else {
            belongs |= *first == letter;
            members = rest;
        }
    }
    (belongs != negated).then_some(close + 1)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::surroundings::ThisHost;
    use super::*;

    fn fits(pattern: &str, name: &str) -> bool {
        matches(&pattern.chars().collect::<Vec<_>>(), &name.chars().collect::<Vec<_>>())
    }

    #[test]
    fn names_match_as_in_a_shell() {
        for (pattern, name) in [
            ("*.conf", "a.conf"),
            ("a*b*c", "aXbYbc"),
            ("?.conf", "x.conf"),
            ("[a-c]1", "b1"),
            ("[!a-c]1", "d1"),
            ("[]x]", "]"),
            ("[x", "[x"),
            ("*", ""),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("*.conf", "a.con"), ("?", ""), ("[a-c]", "d"), ("[!a]", "a"), ("a", "ab")] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
        let many = "*a".repeat(30);
        assert!(!fits(&many, &"a".repeat(29)));
    }

    #[test]
    fn braces_give_alternatives_in_their_order() {
        assert_eq!(braces("a{b,c}d"), ["abd", "acd"]);
        assert_eq!(braces("{a,{b,c}}"), ["a", "b", "a", "c"]);
        assert_eq!(braces("a}{b"), ["a}{b"]);
        assert!(braces(&"{a,b}".repeat(40)).len() <= 2 * MOST);
    }

    #[test]
    fn files_are_found_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.conf", "a.conf", ".hidden.conf", "c.txt"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("sub")).unwrap();
        fs::write(folder.path().join("sub/d.conf"), "").unwrap();
        let found = |pattern: &str| {
            let paths = glob(&ThisHost, folder.path(), pattern).into_iter();
            let names = paths.map(|path| path.strip_prefix(folder.path()).unwrap().display().to_string());
            names.collect::<Vec<_>>()
        };
        assert_eq!(found("*.conf"), ["a.conf", "b.conf"]);
        assert_eq!(found("{c.txt,*b.conf}"), ["c.txt", "b.conf"]);
        assert_eq!(found("s*/*"), ["sub/d.conf"]);
        assert_eq!(found("nosuch"), [""; 0]);
        assert!(ThisHost.read(&folder.path().join("sub")).is_err());
    }
}
