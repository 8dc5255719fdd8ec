//! `$NAME=TEXT` and what `$NAME` or `${NAME}` is replaced by.
//!
//! As keepalived does it: the replacement is looked through again, a definition of several lines is taken only at
//! the end of a line, and a name without braces ends at a blank, a comma or a `)`. Pure.

/// Longest line that replacing may make, as keepalived's own.
pub(super) const LONGEST: usize = 1024;

/// Replacements in one line after which it can only be a definition that contains itself.
const MOST: usize = 512;

#[derive(Clone, Debug)]
struct Definition {
    name: String,
    /// Lines are kept apart by line feeds.
    value: String,
    has_lines: bool,
}

#[derive(Debug)]
pub(super) struct Definitions(Vec<Definition>);

/// What became of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Replaced {
    Nothing,
    /// Something; and the further lines of the last definition of several lines.
    Something(Option<String>),
    TooLong,
}

impl Definitions {
    /// The standard ones.
    pub(super) fn new(folder: &str, instance: Option<&str>) -> Self {
        let mut definitions = Self(Vec::new());
        definitions.set("_PWD", folder);
        definitions.set("_INSTANCE", instance.unwrap_or_default());
        definitions.set("_HASH", "#");
        definitions.set("_BANG", "!");
        definitions
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.put(name, value.to_owned(), false);
    }

    fn put(&mut self, name: &str, value: String, has_lines: bool) {
        match self.0.iter_mut().find(|known| known.name == name) {
            Some(known) => (known.value, known.has_lines) = (value, has_lines),
            None => self.0.push(Definition { name: name.to_owned(), value, has_lines }),
        }
    }

    /// Takes a line that defines something. Some: its name if it goes on in the next line.
    pub(super) fn define(&mut self, line: &str) -> Option<Option<String>> {
        let (name, value) = line.strip_prefix('$')?.split_once('=')?;
        if !is_name(name) {
            return None;
        }
        let value = value.trim_start_matches([' ', '\t']);
        let Some(first) = value.strip_suffix('\\') else {
            self.put(name, value.to_owned(), false);
            return Some(None);
        };
        let first = first.trim_end_matches([' ', '\t']);
        let value = if first.is_empty() { String::new() } else { format!("{first}\n") };
        self.put(name, value, true);
        Some(Some(name.to_owned()))
    }

    /// Adds a line to a definition that goes on. False: it was the last.
    pub(super) fn extend(&mut self, name: &str, line: &str) -> bool {
        let goes_on = line.ends_with('\\');
        let text = line.strip_suffix('\\').map_or(line, |text| text.trim_end_matches([' ', '\t']));
        if let Some(known) = self.0.iter_mut().find(|known| known.name == name) {
            if !text.is_empty() {
                known.value.push_str(text);
                if goes_on {
                    known.value.push('\n');
                }
            }
            known.has_lines &= goes_on || !known.value.is_empty();
        }
        goes_on
    }

    /// Replaces what a line names, as often as it takes.
    pub(super) fn replace(&self, line: &mut String) -> Replaced {
        let mut at = 0;
        let mut count = 0;
        let mut further = None;
        while let Some(found) = line[at..].find('$').map(|found| at + found) {
            let Some((definition, len)) = self.named(&line[found + 1..]) else {
                at = found + 1;
                continue;
            };
            count += 1;
            let mut value = definition.value.as_str();
            if definition.has_lines {
                let (first, rest) = value.split_once('\n').unwrap_or((value, ""));
                further = Some(rest.to_owned());
                value = first;
            }
            if count > MOST || line.len() - len + value.len() > LONGEST {
                return Replaced::TooLong;
            }
            line.replace_range(found..found + 1 + len, value);
            at = found;
            if value.trim_start_matches([' ', '\t']).starts_with('~') {
                break;
            }
        }
        if count == 0 { Replaced::Nothing } else { Replaced::Something(further) }
    }

    /// The definition that a text begins with, and the length of its name with braces.
    fn named(&self, text: &str) -> Option<(&Definition, usize)> {
        let in_braces = text.starts_with('{');
        let name = text.strip_prefix('{').unwrap_or(text);
        let len = name.find(|letter: char| !is_of_name(letter)).unwrap_or(name.len());
        let (name, after) = name.split_at(len);
        if !is_name(name) {
            return None;
        }
        let at_end = if in_braces { after == "}" } else { after.is_empty() };
        let ends = match in_braces {
            true => after.starts_with('}'),
            false => after.is_empty() || after.starts_with([' ', '\t', ',', ')']),
        };
        let found = self.0.iter().find(|known| known.name == name && (at_end || !known.has_lines));
        found.filter(|_| ends).map(|found| (found, if in_braces { len + 2 } else { len }))
    }
}

const fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn is_name(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && text.chars().all(is_of_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defined(lines: &[&str]) -> Definitions {
        let mut definitions = Definitions::new("/etc", None);
        let mut open: Option<String> = None;
        for line in lines {
            match &open {
                Some(name) => {
                    if !definitions.extend(&name.clone(), line) {
                        open = None;
                    }
                }
                None => open = definitions.define(line).unwrap(),
            }
        }
        definitions
    }

    fn replaced(definitions: &Definitions, line: &str) -> (String, Replaced) {
        let mut line = line.to_owned();
        let outcome = definitions.replace(&mut line);
        (line, outcome)
    }

    #[test]
    fn names_are_replaced_with_and_without_braces() {
        let definitions = defined(&["$IP= 10.0.0", "$PORT=80", "$BOTH=${IP}.9 $PORT"]);
        let text = |line| replaced(&definitions, line).0;
        assert_eq!(text("real_server ${IP}.1 $PORT {"), "real_server 10.0.0.1 80 {");
        assert_eq!(text("real_server $BOTH"), "real_server 10.0.0.9 80");
        assert_eq!(text("$IP.1 $NOSUCH ${IP $"), "$IP.1 $NOSUCH ${IP $");
        assert_eq!(text("${_HASH}${_PWD}"), "#/etc");
        assert_eq!(replaced(&definitions, "nothing").1, Replaced::Nothing);
    }

    #[test]
    fn several_lines_are_taken_at_the_end_only() {
        let definitions = defined(&["$RS=one {   \\", "two\\", "", "$X=1"]);
        let (line, outcome) = replaced(&definitions, "$RS");
        assert_eq!((line.as_str(), outcome), ("one {", Replaced::Something(Some("two\n".to_owned()))));
        assert_eq!(replaced(&definitions, "$RS more").1, Replaced::Nothing);
        assert_eq!(replaced(&definitions, "a ${RS}").0, "a one {");
    }

    #[test]
    fn what_contains_itself_ends() {
        let definitions = defined(&["$A=$A", "$B=$B $B"]);
        assert_eq!(replaced(&definitions, "$A").1, Replaced::TooLong);
        assert_eq!(replaced(&definitions, "$B").1, Replaced::TooLong);
    }

    #[test]
    fn what_defines_nothing_is_left_alone() {
        let mut definitions = Definitions::new("", None);
        for line in ["$1=a", "$A B=c", "$=x", "A=b", "$A"] {
            assert_eq!(definitions.define(line), None, "{line}");
        }
    }
}
