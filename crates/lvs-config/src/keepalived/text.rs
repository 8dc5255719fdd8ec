//! One line: comments, quotes, words.
//!
//! As keepalived's own parser does it (`decomment`, `alloc_strvec`, `alloc_strvec_quoted_escaped`). Pure.

/// A word and where it begins in its line, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) at: usize,
}

/// Blanks between words.
const BLANKS: &[char] = &[' ', '\t', '\x0c', '\n', '\r', '\x0b'];

const fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t')
}

/// A line without comment, the blanks around it and the escapes of comment signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bare {
    pub(super) text: String,
    /// Bytes of blanks that stood in front of it.
    pub(super) indent: usize,
    /// A quote that nothing ends.
    pub(super) unterminated: bool,
}

/// Takes comments (`#` and `!`) away, except in quotes. A backslash at the end stays: the line goes on.
pub(super) fn decomment(line: &str) -> Bare {
    let body = line.trim_start_matches(is_blank);
    let indent = line.len() - body.len();
    let mut text = String::with_capacity(body.len());
    let mut quoted = false;
    let mut goes_on = false;
    let mut letters = body.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '#' | '!' if !quoted => break,
            '\\' => match letters.next() {
                None => goes_on = true,
                Some(next @ ('#' | '!')) if !quoted => text.push(next),
                Some(next) => text.extend(['\\', next]),
            },
            _ => {
                quoted ^= letter == '"';
                text.push(letter);
            }
        }
    }
    text.truncate(text.trim_end_matches(is_blank).len());
    if goes_on {
        text.push('\\');
    }
    Bare { text, indent, unterminated: quoted }
}

/// The words of a line; what stands in double quotes is one. False: a quote has no end.
pub(super) fn words(line: &str) -> (Vec<Word>, bool) {
    let mut words = Vec::new();
    let mut at = 0;
    loop {
        let rest = &line[at..];
        let start = at + (rest.len() - rest.trim_start_matches(BLANKS).len());
        let rest = &line[start..];
        let Some(first) = rest.chars().next() else { return (words, true) };
        if first == '"' {
            let Some(len) = rest[1..].find('"') else { return (words, false) };
            words.push(Word { text: rest[1..=len].to_owned(), at: start });
            at = start + len + 2;
        } else {
            let len = rest.find(|letter| letter == '"' || BLANKS.contains(&letter)).unwrap_or(rest.len());
            words.push(Word { text: rest[..len].to_owned(), at: start });
            at = start + len;
        }
    }
}

/// The words of a command line: single and double quotes, and backslash escapes. None: a quote or escape has no end.
pub(crate) fn escaped_words(line: &str) -> Option<Vec<String>> {
    split(line, escape)
}

/// The same with escapes left as they are, for words that are taken apart again.
pub(super) fn quoted_words(line: &str) -> Option<Vec<String>> {
    split(line, |letters, word| {
        word.extend(['\\', letters.next()?]);
        Some(())
    })
}

type Letters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// `escape` takes what follows a backslash, and adds to the word what it means.
fn split(line: &str, escape: fn(&mut Letters<'_>, &mut String) -> Option<()>) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut letters = line.chars().peekable();
    loop {
        while letters.next_if(|letter| BLANKS.contains(letter)).is_some() {}
        if letters.peek().is_none() {
            return Some(words);
        }
        let mut word = String::new();
        let mut quote = None;
        loop {
            let Some(letter) = letters.next_if(|letter| quote.is_some() || !BLANKS.contains(letter)) else {
                if quote.is_some() {
                    return None;
                }
                break;
            };
            match (letter, quote) {
                ('\\', _) => escape(&mut letters, &mut word)?,
                (_, Some(open)) if letter == open => quote = None,
                ('"' | '\'', None) => quote = Some(letter),
                _ => word.push(letter),
            }
        }
        words.push(word);
    }
}

fn escape(letters: &mut Letters<'_>, word: &mut String) -> Option<()> {
    let letter = letters.next()?;
    let mut digits = |radix: u32, most: usize, mut value: u32| {
        for _ in 0..most {
            let Some(digit) = letters.next_if(|next| next.is_digit(radix)) else { break };
            value = (value * radix + digit.to_digit(radix).unwrap_or_default()) & 0xff;
        }
        char::from(u8::try_from(value).unwrap_or_default())
    };
    word.push(match letter {
        'x' => digits(16, 2, 0),
        '0'..='7' => digits(8, 2, letter.to_digit(8).unwrap_or_default()),
        'c' => char::from(u8::try_from(letters.next()?).ok()? & 0x1f),
        'a' => '\x07',
        'b' => '\x08',
        'E' => '\x1b',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        other => other,
    });
    Some(())
}

/// Returns the place of the first brace outside of quotes.
pub(super) fn brace(line: &str) -> Option<usize> {
    if line.starts_with(['{', '}']) {
        return Some(0);
    }
    let mut at = 0;
    loop {
        let found = at + line[at..].find(['{', '}', '"'])?;
        if !line[found..].starts_with('"') {
            return Some(found);
        }
        at = found + 1 + line[found + 1..].find('"')? + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_escapes_and_quotes_protect_them() {
        for (line, expected) in [
            ("  weight 3  # heavy", "weight 3"),
            ("! all of it", ""),
            ("path \"/a#b!c\" # end", "path \"/a#b!c\""),
            (r"auth \#1\!", "auth #1!"),
            (r#"regex "a\#b""#, r#"regex "a\#b""#),
            (r"$A=one   \", r"$A=one\"),
            (r"# comment \", ""),
            (r"weight 3 # comment \", "weight 3"),
            (r"path c:\\x # c", r"path c:\\x"),
            ("\u{4e2d}# \u{6587}", "\u{4e2d}"),
        ] {
            assert_eq!(decomment(line).text, expected, "{line}");
        }
        assert_eq!(decomment("\t  a").indent, 3);
        assert!(decomment("a \"b").unterminated && !decomment("a # \"b").unterminated);
        assert!(!decomment("a # it's \" and \\").unterminated);
    }

    #[test]
    fn words_know_their_places() {
        let (found, ended) = words("path \"/a b\"x \t y");
        let found: Vec<_> = found.iter().map(|word| (word.text.as_str(), word.at)).collect();
        assert_eq!(found, [("path", 0), ("/a b", 5), ("x", 11), ("y", 15)]);
        assert!(ended);
        assert!(!words("a \"b").1);
    }

    #[test]
    fn command_lines_are_taken_apart_as_a_shell_would() {
        let split = |line: &str| escaped_words(line).unwrap_or_default();
        assert_eq!(split(r#"misc_path "/bin/x -a 'b c'""#), ["misc_path", "/bin/x -a 'b c'"]);
        assert_eq!(split(r#"/bin/x a\ b "c\"d" 'e f'g"#), ["/bin/x", "a b", "c\"d", "e fg"]);
        assert_eq!(split(r"\x41\101\n\q"), ["AA\nq"]);
        assert_eq!(split("''"), [""]);
        assert_eq!(escaped_words("'open"), None);
        assert_eq!(escaped_words("end\\"), None);
        let kept = |line: &str| quoted_words(line).unwrap_or_default();
        assert_eq!(kept(r#"misc_path "/bin/x \" a\x20b" u"#), ["misc_path", r#"/bin/x \" a\x20b"#, "u"]);
    }

    #[test]
    fn braces_in_quotes_are_text() {
        assert_eq!(brace("a \"{\" {"), Some(6));
        assert_eq!(brace("} x"), Some(0));
        assert_eq!(brace("a \"{"), None);
        assert_eq!(brace("a b"), None);
    }
}
