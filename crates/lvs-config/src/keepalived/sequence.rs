//! `~SEQ(NAME, FROM, STEP, TO) TEXT` and `~LST(NAME, VALUE, ...) TEXT`: a text for each of several values.
//!
//! As keepalived does it: each turn sets the definitions of its names and gives the text again. Pure.

use std::collections::VecDeque;

/// Something that gives a text several times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sequence {
    turns: Turns,
    text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Turns {
    Numbers { name: String, next: i64, step: i64, last: i64, hex: bool },
    Values { names: Vec<String>, sets: VecDeque<Vec<String>> },
}

/// The definition that a turn sets, and its text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) set: Vec<(String, String)>,
    pub(super) text: String,
    pub(super) is_last: bool,
}

impl Sequence {
    /// Reads a line that begins with `~SEQ` or `~LST`. `replace` puts definitions into the numbers. None: it is wrong.
    pub(super) fn parse(line: &str, replace: impl FnOnce(&mut String)) -> Option<Self> {
        if let Some(rest) = line.strip_prefix("~SEQ") {
            numbers(rest, replace)
        } else {
            values(line.strip_prefix("~LST")?)
        }
    }

    /// None: there are no more, which cannot be before the first.
    pub(super) fn turn(&mut self) -> Option<Turn> {
        let text = self.text.clone();
        match &mut self.turns {
            Turns::Numbers { name, next, step, last, hex } => {
                let value = if *hex { format!("{next:x}") } else { next.to_string() };
                let set = vec![(name.clone(), value)];
                let is_last = match next.checked_add(*step) {
                    Some(following) => {
                        *next = following;
                        if *step > 0 { following > *last } else { following < *last }
                    }
                    None => true,
                };
                Some(Turn { set, text, is_last })
            }
            Turns::Values { names, sets } => {
                let values = sets.pop_front()?;
                let set = names.iter().cloned().zip(values).collect();
                Some(Turn { set, text, is_last: sets.is_empty() })
            }
        }
    }
}

fn skip_blanks(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

fn numbers(rest: &str, replace: impl FnOnce(&mut String)) -> Option<Sequence> {
    let hex = rest.starts_with('x');
    let rest = skip_blanks(rest.strip_prefix('x').unwrap_or(rest)).strip_prefix('(')?;
    let (inside, text) = rest.split_once(')')?;
    let (name, bounds) = inside.split_once(',')?;
    let mut bounds = bounds.to_owned();
    replace(&mut bounds);
    let bounds: Vec<i64> = bounds.split(',').map(number).collect::<Option<_>>()?;
    let (next, step, last) = match bounds[..] {
        [last] => (if last < 0 { -1 } else { 1 }, if last < 1 { -1 } else { 1 }, last),
        [from, last] => (from, if from <= last { 1 } else { -1 }, last),
        [from, step, last] if step != 0 && (from >= last || step > 0) && (from <= last || step < 0) => {
            (from, step, last)
        }
        _ => return None,
    };
    let name = name.trim_matches([' ', '\t']);
    if name.is_empty() || name.starts_with('{') || hex && (next < 0 || last < 0) {
        return None;
    }
    let turns = Turns::Numbers { name: name.to_owned(), next, step, last, hex };
    Some(Sequence { turns, text: skip_blanks(text).to_owned() })
}

/// Decimal, `0x` hexadecimal or, with a leading 0, octal. Nothing is 0.
fn number(text: &str) -> Option<i64> {
    let text = text.trim_matches([' ', '\t']);
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = match (digits.strip_prefix("0x"), digits.strip_prefix('0')) {
        (Some(hex), _) => i64::from_str_radix(hex, 16).ok()?,
        (None, Some(octal)) if !octal.is_empty() => i64::from_str_radix(octal, 8).ok()?,
        _ if digits.is_empty() => 0,
        _ => digits.parse().ok()?,
    };
    Some(if negative { -value } else { value })
}

fn values(rest: &str) -> Option<Sequence> {
    let mut rest = skip_blanks(skip_blanks(rest).strip_prefix('(')?);
    let names = group(&mut rest)?;
    let mut sets = VecDeque::new();
    while let Some(after) = rest.strip_prefix(',') {
        rest = skip_blanks(after);
        let mut set = group(&mut rest)?;
        if set.len() > names.len() {
            return None;
        }
        // What is missing is blank.
        set.resize(names.len(), String::new());
        sets.push_back(set);
    }
    let text = skip_blanks(rest.strip_prefix(')')?).to_owned();
    if sets.is_empty() || names.iter().any(String::is_empty) {
        return None;
    }
    Some(Sequence { turns: Turns::Values { names, sets }, text })
}

/// `word` or `{word, word}`, and the blanks after it.
fn group(rest: &mut &str) -> Option<Vec<String>> {
    let in_braces = rest.starts_with('{');
    let mut text = skip_blanks(rest.strip_prefix('{').unwrap_or(rest));
    let mut words = Vec::new();
    loop {
        let len = text.find([' ', '\t', ',', '}', ')']).unwrap_or(text.len());
        words.push(text[..len].to_owned());
        text = skip_blanks(&text[len..]);
        if !in_braces {
            break;
        }
        if let Some(after) = text.strip_prefix('}') {
            text = skip_blanks(after);
            break;
        }
        text = skip_blanks(text.strip_prefix(',')?);
    }
    *rest = text;
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(line: &str) -> Vec<String> {
        let Some(mut sequence) = Sequence::parse(line, |_| {}) else { return vec!["wrong".to_owned()] };
        let mut all = Vec::new();
        for _ in 0..20 {
            let Some(turn) = sequence.turn() else { break };
            let set: Vec<String> = turn.set.iter().map(|(name, value)| format!("{name}={value}")).collect();
            all.push(set.join(","));
            if turn.is_last {
                break;
            }
        }
        all
    }

    #[test]
    fn numbers_count_up_down_and_in_steps() {
        assert_eq!(turns("~SEQ(x, 3) t"), ["x=1", "x=2", "x=3"]);
        assert_eq!(turns("~SEQ ( x , 3, 1 ) t"), ["x=3", "x=2", "x=1"]);
        assert_eq!(turns("~SEQ(x, 2, 3, 9) t"), ["x=2", "x=5", "x=8"]);
        assert_eq!(turns("~SEQx(x, 9, 0xb) t"), ["x=9", "x=a", "x=b"]);
        assert_eq!(turns("~SEQ(x, 9223372036854775807, 9223372036854775807) t").len(), 1);
        for wrong in ["~SEQ", "~SEQ(x)", "~SEQ(x, 1, 0, 2)", "~SEQ(x, 1, -1, 2)", "~SEQ(, 2)", "~SEQ(x, y)"] {
            assert_eq!(turns(wrong), ["wrong"], "{wrong}");
        }
    }

    #[test]
    fn lists_set_one_or_several_names() {
        assert_eq!(turns("~LST(x, a, b) t"), ["x=a", "x=b"]);
        assert_eq!(turns("~LST({x, y}, {1, 2}, {3}) t"), ["x=1,y=2", "x=3,y="]);
        for wrong in ["~LST(x)", "~LST(x, {1, 2})", "~LST({x, 1)", "~LST(x, a", "~LST"] {
            assert_eq!(turns(wrong), ["wrong"], "{wrong}");
        }
    }

    #[test]
    fn the_text_comes_with_each_turn() {
        let mut sequence = Sequence::parse("~LST(x, a)  real_server $x", |_| {}).unwrap();
        assert_eq!(sequence.turn().unwrap().text, "real_server $x");
    }
}
