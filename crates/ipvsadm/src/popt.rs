//! The option grammar of the popt library, as far as its answers can be told apart.
//!
//! Owns the walk over an argument vector: long and short options, clusters, `=`, optional arguments, what is
//! left over, and which word an error is about. Knows nothing of ipvsadm's options: they come as a table.
//! There are no abbreviations of long options.

use std::borrow::Cow;

/// Whether an option takes a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    Word,
    /// The next word, unless that begins with a dash.
    OptionalWord,
}

/// One line of an option table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spec<T: 'static> {
    pub long: &'static str,
    pub short: Option<u8>,
    pub takes: Takes,
    pub id: T,
}

/// Words that the parser itself refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PoptError {
    #[error("unknown option")]
    Unknown,
    #[error("missing argument")]
    NoArgument,
    #[error("option does not take an argument")]
    UnwantedArgument,
}

/// An option as it was found, with its word.
pub(super) type Found<'a, T> = (T, Option<Cow<'a, [u8]>>);

/// A walk over the words of a command line; the first one is the program's name.
#[derive(Debug)]
pub(super) struct Popt<'a, T: 'static> {
    table: &'static [Spec<T>],
    words: &'a [Vec<u8>],
    next: usize,
    /// The rest of a cluster of short options.
    cluster: Option<&'a [u8]>,
    /// After `--`.
    only_words: bool,
    left_over: Vec<&'a [u8]>,
    /// Words that [`NEXT_WORD`] took out of turn.
    taken: Vec<usize>,
}

/// In an option's word, popt replaces this by the next word that is no option.
const NEXT_WORD: &[u8] = b"!#:+";

impl<'a, T: Copy> Popt<'a, T> {
    pub(super) const fn new(table: &'static [Spec<T>], words: &'a [Vec<u8>]) -> Self {
        Self {
            table,
            words,
            next: 1,
            cluster: None,
            only_words: false,
            left_over: Vec::new(),
            taken: Vec::new(),
        }
    }

    /// The next option; None when there are no more.
    ///
    /// # Errors
    /// The option is not in the table, or lacks its word, or has one that it cannot take.
    pub(super) fn next_option(&mut self) -> Option<Result<Found<'a, T>, PoptError>> {
        loop {
            if let Some(cluster) = self.cluster.take() {
                return Some(self.short(cluster));
            }
            let at = self.next;
            let word = self.words.get(at)?.as_slice();
            self.next += 1;
            if self.taken.contains(&at) {
                continue;
            }
            match word {
                b"--" if !self.only_words => self.only_words = true,
                [b'-', b'-', name @ ..] if !self.only_words => return Some(self.long(name)),
                [b'-', rest @ ..] if !self.only_words && !rest.is_empty() => self.cluster = Some(rest),
                _ => self.left_over.push(word),
            }
        }
    }

    /// The word that an error or a complaint is about: the last one that was looked at.
    pub(super) fn current(&self) -> &'a [u8] {
        self.words.get(self.next - 1).map_or(&[], Vec::as_slice)
    }

    /// The words that belong to no option.
    pub(super) fn left_over(self) -> Vec<&'a [u8]> {
        self.left_over
    }

    fn long(&mut self, name: &'a [u8]) -> Result<Found<'a, T>, PoptError> {
        let (name, word) = match name.iter().position(|byte| *byte == b'=') {
            Some(at) => (&name[..at], Some(&name[at + 1..])),
            None => (name, None),
        };
        let spec = self.table.iter().find(|spec| spec.long.as_bytes() == name).ok_or(PoptError::Unknown)?;
        match (spec.takes, word) {
            (Takes::Nothing, Some(_)) => Err(PoptError::UnwantedArgument),
            (Takes::Nothing, None) => Ok((spec.id, None)),
            (_, Some(word)) => Ok((spec.id, Some(self.expand(word)))),
            (takes, None) => Ok((spec.id, self.following_word(takes)?)),
        }
    }

    fn short(&mut self, cluster: &'a [u8]) -> Result<Found<'a, T>, PoptError> {
        let Some((letter, rest)) = cluster.split_first() else { return Err(PoptError::Unknown) };
        let spec = self.table.iter().find(|spec| spec.short == Some(*letter)).ok_or(PoptError::Unknown)?;
        match (spec.takes, rest) {
            (Takes::Nothing, [b'=', ..]) => Err(PoptError::UnwantedArgument),
            (Takes::Nothing, _) => {
                self.cluster = Some(rest).filter(|rest| !rest.is_empty());
                Ok((spec.id, None))
            }
            (takes, []) => Ok((spec.id, self.following_word(takes)?)),
            (_, [b'=', word @ ..] | word) => Ok((spec.id, Some(self.expand(word)))),
        }
    }

    fn following_word(&mut self, takes: Takes) -> Result<Option<Cow<'a, [u8]>>, PoptError> {
        let optional = takes == Takes::OptionalWord;
        match self.words.get(self.next) {
            None if optional => Ok(None),
            None => Err(PoptError::NoArgument),
            Some(word) if optional && word.first() == Some(&b'-') => Ok(None),
            Some(word) => {
                self.next += 1;
                Ok(Some(self.expand(word)))
            }
        }
    }

    fn expand(&mut self, word: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(at) = find(word, NEXT_WORD) else { return Cow::Borrowed(word) };
        let candidate = (self.next..self.words.len())
            .find(|at| !self.taken.contains(at) && self.words[*at].first() != Some(&b'-'));
        let Some(candidate) = candidate else { return Cow::Borrowed(word) };
        self.taken.push(candidate);
        let replacement = &self.words[candidate];
        let mut expanded = word[..at].to_vec();
        let mut rest = &word[at..];
        while let Some(at) = find(rest, NEXT_WORD) {
            expanded.extend_from_slice(&rest[..at]);
            expanded.extend_from_slice(replacement);
            rest = &rest[at + NEXT_WORD.len()..];
        }
        expanded.extend_from_slice(rest);
        Cow::Owned(expanded)
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Spec<char>] = &[
        Spec { long: "numeric", short: Some(b'n'), takes: Takes::Nothing, id: 'n' },
        Spec { long: "weight", short: Some(b'w'), takes: Takes::Word, id: 'w' },
        Spec { long: "persistent", short: Some(b'p'), takes: Takes::OptionalWord, id: 'p' },
        Spec { long: "stats", short: None, takes: Takes::Nothing, id: 'S' },
    ];

    /// Options found, then `!` and the word at fault, then what is left over.
    fn walk(line: &str) -> String {
        let words: Vec<Vec<u8>> =
            std::iter::once("x").chain(line.split(' ')).map(|word| word.as_bytes().to_vec()).collect();
        let mut popt = Popt::new(TABLE, &words);
        let mut seen = String::new();
        while let Some(found) = popt.next_option() {
            match found {
                Ok((id, None)) => seen.push_str(&format!("{id} ")),
                Ok((id, Some(word))) => seen.push_str(&format!("{id}={} ", String::from_utf8_lossy(&word))),
                Err(error) => {
                    return format!("{seen}! {}: {error}", String::from_utf8_lossy(popt.current()));
                }
            }
        }
        for word in popt.left_over() {
            seen.push_str(&format!("[{}]", String::from_utf8_lossy(word)));
        }
        seen
    }

    #[test]
    fn words_can_be_attached_in_every_way() {
        assert_eq!(walk("-w 3 -w3 -w=3 --weight 3 --weight=3"), "w=3 w=3 w=3 w=3 w=3 ");
        assert_eq!(walk("-nw 3 -nw3"), "n w=3 n w=3 ");
        assert_eq!(walk("-w -3 --weight="), "w=-3 w= ");
    }

    #[test]
    fn an_optional_word_must_not_begin_with_a_dash() {
        assert_eq!(walk("-p 60 -p -n -p"), "p=60 p n p ");
        assert_eq!(walk("-pn -p=5"), "p=n p=5 ");
        assert_eq!(walk("-p -- 5"), "p [5]");
    }

    #[test]
    fn what_is_no_option_is_left_over() {
        assert_eq!(walk("a -n - b"), "n [a][-][b]");
        assert_eq!(walk("-n -- -n --stats"), "n [-n][--stats]");
    }

    #[test]
    fn errors_name_the_whole_word() {
        assert_eq!(walk("-nQ"), "n ! -nQ: unknown option");
        assert_eq!(walk("--stat"), "! --stat: unknown option");
        assert_eq!(walk("-w"), "! -w: missing argument");
        assert_eq!(walk("-n=3"), "! -n=3: option does not take an argument");
        assert_eq!(walk("--stats=3"), "! --stats=3: option does not take an argument");
        assert_eq!(walk("--=x"), "! --=x: unknown option");
    }

    #[test]
    fn a_single_dash_never_begins_a_long_option() {
        assert_eq!(walk("-stats"), "! -stats: unknown option");
    }

    #[test]
    fn the_next_word_can_be_pulled_into_an_argument() {
        assert_eq!(walk("-w a!#:+b -n 7 8"), "w=a7b n [8]");
        assert_eq!(walk("-w !#:+"), "w=!#:+ ");
    }
}
