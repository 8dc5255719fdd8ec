//! The `url` of an HTTP checker.

use super::numbers::Notes;
use super::parse::Statement;
use super::text::escaped_words;
use crate::ConfigError;
use lvs_health::spec::{BodyRegex, HttpUrl, StatusRange};

/// None: it has no path, which has been noted.
///
/// # Errors
/// A keyword lacks its value.
pub(super) fn url(statement: &Statement, notes: &mut Notes) -> Result<Option<HttpUrl>, ConfigError> {
    let line_of = |keyword: &str| statement.block.iter().rev().find(|line| line.keyword() == keyword);
    let Some(path) = line_of("path") else {
        notes.mistake(statement.place().clone(), "`url` without a path: ignored");
        return Ok(None);
    };
    let mut url = HttpUrl::new(path.needed(1)?);
    for line in &statement.block {
        match line.keyword() {
            "virtualhost" => url.host = line.word(1).map(str::to_owned),
            "digest" => match digest(line.needed(1)?) {
                Some(digest) => url.digest = Some(digest),
                None => notes.mistake(line.place_of(1), "a digest is an MD5 sum of 32 hex digits: ignored"),
            },
            "status_code" => {
                for (at, word) in line.arguments().enumerate() {
                    match status(word) {
                        Some(range) => url.status.push(range),
                        None => notes.mistake(
                            line.place_of(at + 1),
                            format!("`{word}` is no status from 100 to 599: ignored"),
                        ),
                    }
                }
            }
            "tls_compliant" => notes.skipped(line, "how a session ends is no matter of these checks"),
            "regex_stack" => notes.skipped(line, "patterns here need no stack"),
            _ => {}
        }
    }
    url.regex = regex(statement, notes)?;
    Ok(Some(url))
}

fn digest(word: &str) -> Option<[u8; 16]> {
    let value = u128::from_str_radix(word, 16).ok().filter(|_| word.len() == 32 && !word.starts_with('+'))?;
    Some(value.to_be_bytes())
}

fn status(word: &str) -> Option<StatusRange> {
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    let range = StatusRange { first: first.parse().ok()?, last: last.parse().ok()? };
    (range.first >= 100 && range.last <= 599 && range.first <= range.last).then_some(range)
}

fn regex(statement: &Statement, notes: &mut Notes) -> Result<Option<BodyRegex>, ConfigError> {
    let lines = || statement.block.iter().filter(|line| line.keyword().starts_with("regex"));
    let Some(line) = lines().find(|line| line.keyword() == "regex") else {
        for line in lines() {
            notes.mistake(line.place().clone(), format!("`{}` without a regex: ignored", line.keyword()));
        }
        return Ok(None);
    };
    let words = escaped_words(line.text()).unwrap_or_default();
    let [_, pattern] = &words[..] else {
        notes.mistake(line.place().clone(), "a regex is one word, perhaps in quotes: ignored");
        return Ok(None);
    };
    let mut regex = BodyRegex::new(pattern);
    for line in lines() {
        match line.keyword() {
            "regex_no_match" => regex.negate = true,
            "regex_options" => options(line, &mut regex, notes),
            "regex_min_offset" => regex.min_offset = line.needed(1)?.parse().unwrap_or_default(),
            "regex_max_offset" => regex.max_offset = line.needed(1)?.parse().ok(),
            _ => {}
        }
    }
    if regex.max_offset.is_some_and(|most| regex.min_offset > most) {
        notes.mistake(line.place().clone(), "regex_min_offset is above regex_max_offset: both ignored");
        (regex.min_offset, regex.max_offset) = (0, None);
    }
    if let Some(why) = regex.trouble() {
        let what = format!("`{pattern}` is no pattern ({why}): the body is not looked at");
        notes.mistake(line.place_of(1), what);
        return Ok(None);
    }
    Ok(Some(regex))
}

/// Options that a pattern itself can say at its beginning.
const SAID_INSIDE: [(&str, &str); 5] = [
    ("utf", "(*UTF)"),
    ("ucp", "(*UCP)"),
    ("ungreedy", "(?U)"),
    ("dupnames", "(?J)"),
    ("no_auto_capture", "(?n)"),
];

/// Options that change how a match is found, but not whether.
const WITHOUT_EFFECT: [&str; 8] = [
    "auto_callout",
    "never_ucp",
    "never_utf",
    "never_backslash_c",
    "no_auto_possess",
    "no_dotstar_anchor",
    "no_start_optimize",
    "use_offset_limit",
];

fn options(line: &Statement, regex: &mut BodyRegex, notes: &mut Notes) {
    let mut inside = [false; SAID_INSIDE.len()];
    for (at, word) in line.arguments().enumerate() {
        match word {
            "caseless" => regex.case_insensitive = true,
            "multiline" => regex.multi_line = true,
            "dotall" => regex.dot_matches_new_line = true,
            "extended" => regex.ignore_whitespace = true,
            other if WITHOUT_EFFECT.contains(&other) => {}
            other => match SAID_INSIDE.iter().position(|(name, _)| *name == other) {
                Some(place) => inside[place] = true,
                None => notes.mistake(
                    line.place_of(at + 1),
                    format!("the regex option `{other}` is not there: ignored"),
                ),
            },
        }
    }
    let said = SAID_INSIDE.iter().zip(inside).filter(|(_, is_said)| *is_said).map(|((_, text), _)| *text);
    regex.pattern = said.chain([regex.pattern.as_str()]).collect();
}
