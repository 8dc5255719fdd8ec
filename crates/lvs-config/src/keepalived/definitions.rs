//! `$NAME=TEXT` and what `$NAME` or `${NAME}` is replaced by.
//!
//! As keepalived does it: the replacement is looked through again, a definition of several lines is taken only at
//! the end of a line, and a name without braces ends at a blank, a comma or a `)`. Random numbers and the environment
//! come from the [`Surroundings`].

use super::surroundings::Surroundings;

/// Longest line that replacing may make, as keepalived's own.
pub(super) const LONGEST: usize = 1024;

/// Replacements in one line after which it can only be a definition that contains itself.
const MOST: usize = 512;

/// The most that `${_RANDOM}` gives.
const LARGEST_RANDOM: u64 = 32_767;

#[derive(Clone, Debug)]
struct Definition {
    name: String,
    value: Value,
}

#[derive(Clone, Debug)]
enum Value {
    Text(String),
    /// Several lines, kept apart by line feeds.
    Lines(String),
    /// `${_RANDOM [MIN [MAX]]}`
    Random,
    /// `${_ENV NAME}`
    Variable,
}

#[derive(Debug)]
pub(super) struct Definitions(Vec<Definition>);

/// A line with its definitions filled in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Replaced {
    Nothing,
    /// Something; and the further lines of the last definition of several lines.
    Something(Option<String>),
    TooLong,
}

/// A definition as a line names it.
struct Named<'a> {
    definition: &'a Definition,
    /// The rest behind the name, in the same braces.
    parameters: Vec<&'a str>,
    /// Of the name, with braces.
    len: usize,
}

impl Definitions {
    /// The standard ones.
    pub(super) fn new(folder: &str, instance: Option<&str>) -> Self {
        let mut definitions = Self(Vec::new());
        definitions.set("_PWD", folder);
        definitions.set("_INSTANCE", instance.unwrap_or_default());
        definitions.set("_HASH", "#");
        definitions.set("_BANG", "!");
        definitions.put("_RANDOM", Value::Random);
        definitions.put("_ENV", Value::Variable);
        definitions
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.put(name, Value::Text(value.to_owned()));
    }

    fn put(&mut self, name: &str, value: Value) {
        match self.0.iter_mut().find(|known| known.name == name) {
            Some(known) => known.value = value,
            None => self.0.push(Definition { name: name.to_owned(), value }),
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
            self.put(name, Value::Text(value.to_owned()));
            return Some(None);
        };
        let first = first.trim_end_matches([' ', '\t']);
        let value = if first.is_empty() { String::new() } else { format!("{first}\n") };
        self.put(name, Value::Lines(value));
        Some(Some(name.to_owned()))
    }

    /// Adds a line to a definition that goes on. False: it was the last.
    pub(super) fn extend(&mut self, name: &str, line: &str) -> bool {
        let goes_on = line.ends_with('\\');
        let text = line.strip_suffix('\\').map_or(line, |text| text.trim_end_matches([' ', '\t']));
        let known = self.0.iter_mut().find(|known| known.name == name);
        if let Some(Definition { value, .. }) = known
            && let Value::Lines(lines) = value
        {
            if !text.is_empty() {
                lines.push_str(text);
                if goes_on {
                    lines.push('\n');
                }
            }
            if !goes_on && lines.is_empty() {
                *value = Value::Text(String::new());
            }
        }
        goes_on
    }

    /// Replaces what a line names, as often as it takes. `complaints` gets what is wrong with parameters.
    pub(super) fn replace(
        &self,
        line: &mut String,
        around: &dyn Surroundings,
        complaints: &mut Vec<String>,
    ) -> Replaced {
        let mut at = 0;
        let mut count = 0;
        let mut further = None;
        while let Some(found) = line[at..].find('$').map(|found| at + found) {
            let Some(named) = self.named(&line[found + 1..]) else {
                at = found + 1;
                continue;
            };
            let value = match &named.definition.value {
                Value::Text(text) => text.clone(),
                Value::Lines(lines) => {
                    let (first, rest) = lines.split_once('\n').unwrap_or((lines, ""));
                    further = Some(rest.to_owned());
                    first.to_owned()
                }
                Value::Random | Value::Variable => match given(&named, around) {
                    Ok(value) => value,
                    Err(complaint) => {
                        complaints.push(complaint);
                        at = found + 1;
                        continue;
                    }
                },
            };
            let len = named.len;
            count += 1;
            if count > MOST || line.len() - len + value.len() > LONGEST {
                return Replaced::TooLong;
            }
            line.replace_range(found..found + 1 + len, &value);
            at = found;
            if value.trim_start_matches([' ', '\t']).starts_with('~') {
                break;
            }
        }
        if count == 0 { Replaced::Nothing } else { Replaced::Something(further) }
    }

    /// The definition that a text begins with.
    fn named<'a>(&'a self, text: &'a str) -> Option<Named<'a>> {
        let in_braces = text.starts_with('{');
        let name = text.strip_prefix('{').unwrap_or(text);
        let len = name.find(|letter: char| !is_of_name(letter)).unwrap_or(name.len());
        let (name, after) = name.split_at(len);
        if !is_name(name) {
            return None;
        }
        let (parameters, ends) = match in_braces {
            true => {
                let (inside, _) = after.split_once('}')?;
                (inside, true)
            }
            false => ("", after.is_empty() || after.starts_with([' ', '\t', ',', ')'])),
        };
        let is_parameter = |letter: char| is_of_name(letter) || matches!(letter, ' ' | '\t');
        if !ends || parameters.ends_with([' ', '\t']) || !parameters.chars().all(is_parameter) {
            return None;
        }
        let at_end = if in_braces { after == "}" } else { after.is_empty() };
        let fits = |known: &&Definition| {
            known.name == name
                && match known.value {
                    Value::Text(_) => parameters.is_empty(),
                    Value::Lines(_) => parameters.is_empty() && at_end,
                    Value::Random | Value::Variable => true,
                }
        };
        let definition = self.0.iter().find(fits)?;
        let len = if in_braces { len + parameters.len() + 2 } else { len };
        Some(Named { definition, parameters: parameters.split_ascii_whitespace().collect(), len })
    }
}

/// The value of a definition that has another one each time.
fn given(named: &Named<'_>, around: &dyn Surroundings) -> Result<String, String> {
    if let Value::Variable = named.definition.value {
        let [name] = named.parameters[..] else {
            return Err("`${_ENV}` wants one name of the environment: write ${_ENV NAME}".to_owned());
        };
        return Ok(around.variable(name).unwrap_or_default());
    }
    let wrong = || Err("`${_RANDOM}` wants up to two numbers: write ${_RANDOM MIN MAX}".to_owned());
    let number = |word: &&str| word.parse::<u64>().ok();
    let Some(bounds) = named.parameters.iter().map(number).collect::<Option<Vec<_>>>() else {
        return wrong();
    };
    let (least, most) = match bounds[..] {
        [] => (0, LARGEST_RANDOM),
        [least] => (least, LARGEST_RANDOM),
        [least, most] => (least, most),
        _ => return wrong(),
    };
    if least > most {
        return Ok(least.to_string());
    }
    let span = (most - least).saturating_add(1);
    Ok((least + around.random() % span).to_string())
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
    use super::super::surroundings::Memory;
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

    fn around() -> Memory {
        let variables = [("SERVER_1".to_owned(), "10.1.0.1".to_owned())].into();
        Memory { variables, random: 1_000_003, ..Memory::default() }
    }

    fn replaced(definitions: &Definitions, line: &str) -> (String, Replaced) {
        let mut line = line.to_owned();
        let outcome = definitions.replace(&mut line, &around(), &mut Vec::new());
        (line, outcome)
    }

    #[test]
    fn random_numbers_lie_between_their_bounds() {
        let definitions = Definitions::new("", None);
        let text = |line| replaced(&definitions, line).0;
        assert_eq!(text("weight $_RANDOM"), format!("weight {}", 1_000_003 % 32_768));
        assert_eq!(text("a ${_RANDOM} b"), format!("a {} b", 1_000_003 % 32_768));
        assert_eq!(text("${_RANDOM 10} {"), format!("{} {{", 10 + 1_000_003 % 32_758));
        assert_eq!(text("10.0.0.${_RANDOM 1\t254}:80"), format!("10.0.0.{}:80", 1 + 1_000_003 % 254));
        assert_eq!(text("${_RANDOM 7 7}${_RANDOM 40000}"), "740000");
        assert_eq!(text("${_RANDOM 0 18446744073709551615}"), "1000003");
        let mut own = Definitions::new("", None);
        own.define("$_RANDOM=5");
        assert_eq!(replaced(&own, "${_RANDOM}").0, "5");
    }

    #[test]
    fn the_environment_is_asked_for_one_name() {
        let definitions = Definitions::new("", None);
        let text = |line| replaced(&definitions, line).0;
        assert_eq!(text("real_server ${_ENV SERVER_1} 80 {"), "real_server 10.1.0.1 80 {");
        assert_eq!(text("a ${_ENV NOSUCH}"), "a ");
    }

    #[test]
    fn wrong_parameters_are_complained_of_and_replace_nothing() {
        let definitions = Definitions::new("", None);
        for line in
            ["${_RANDOM a}", "${_RANDOM 1 2 3}", "${_RANDOM 99999999999999999999}", "${_ENV}", "${_ENV A B}"]
        {
            let (mut text, mut complaints) = (line.to_owned(), Vec::new());
            assert_eq!(
                definitions.replace(&mut text, &around(), &mut complaints),
                Replaced::Nothing,
                "{line}"
            );
            assert_eq!((text.as_str(), complaints.len()), (line, 1));
        }
        for line in ["${_HASH 1}", "${_RANDOM 1 }", "${_RANDOM -1}", "${_RANDOM 1", "$_RANDOM.1"] {
            assert_eq!(replaced(&definitions, line).0, line);
        }
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
