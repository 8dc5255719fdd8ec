//! A stream of JSON documents, as `kubectl get --watch -o json` writes it, cut into documents.
//!
//! A writer that is killed leaves half a document. The next one is known by its `{` at the start of a line: kubectl indents all that
//! is inside of a document, and texts of JSON have no line ends of their own.

/// The longest document.
pub const LONGEST: usize = 64 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    #[error("a document has no end: the next one begins within it")]
    Torn,
    #[error("a document is longer than {LONGEST} bytes")]
    TooLong,
}

/// Bytes of a stream, and the place within its present document.
#[derive(Debug, Default)]
pub struct Splitter {
    bytes: Vec<u8>,
    /// Beginning of the present document, or of the space before it.
    start: usize,
    /// So many bytes have been looked at.
    seen: usize,
    depth: usize,
    is_text: bool,
    is_escaped: bool,
    at_line_start: bool,
    /// The rest of a document that was too long is on its way.
    skips: bool,
}

impl Splitter {
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.seen -= self.start;
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The stream has ended. True when that was within a document, which is lost.
    pub fn end(&mut self) -> bool {
        let was_within = self.depth > 0;
        *self = Self::default();
        was_within
    }

    /// Takes the next document out. None: more must come first.
    ///
    /// # Errors
    /// A document is lost; the next call goes on behind it.
    pub fn next_document(&mut self) -> Option<Result<Vec<u8>, StreamError>> {
        while let Some(&byte) = self.bytes.get(self.seen) {
            let starts_line = std::mem::replace(&mut self.at_line_start, byte == b'\n');
            if byte == b'{' && starts_line && self.depth > 0 {
                self.restart_here();
                if !std::mem::take(&mut self.skips) {
                    return Some(Err(StreamError::Torn));
                }
                continue;
            }
            self.seen += 1;
            if self.look_at(byte) {
                let document = self.cut();
                if !std::mem::take(&mut self.skips) {
                    return Some(Ok(document));
                }
            } else if self.depth == 0 {
                // Space between documents.
                self.start = self.seen;
            } else if self.seen - self.start > LONGEST {
                self.start = self.seen;
                if !std::mem::replace(&mut self.skips, true) {
                    return Some(Err(StreamError::TooLong));
                }
            }
        }
        None
    }

    /// Takes the document out that ends here. Whatever is shorter is copied, it or what came behind it: each byte once, and none of a
    /// document that fills all of the room.
    fn cut(&mut self) -> Vec<u8> {
        let (length, behind) = (self.seen - self.start, self.bytes.len() - self.seen);
        if length < behind {
            let document = self.bytes[self.start..self.seen].to_vec();
            self.start = self.seen;
            return document;
        }
        let rest = self.bytes.split_off(self.seen);
        let mut document = std::mem::replace(&mut self.bytes, rest);
        document.drain(..self.start);
        (self.start, self.seen) = (0, 0);
        document
    }

    /// The document that began before is over without an end.
    const fn restart_here(&mut self) {
        self.start = self.seen;
        (self.depth, self.is_text, self.is_escaped) = (0, false, false);
    }

    /// True when the document ends with this byte.
    const fn look_at(&mut self, byte: u8) -> bool {
        if self.is_text {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => self.is_text = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' if self.depth > 0 => self.is_text = true,
            b'{' | b'[' if self.depth > 0 || byte == b'{' => self.depth += 1,
            b'}' | b']' if self.depth > 0 => {
                self.depth -= 1;
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All that comes out when the stream comes in pieces of that length.
    fn cut(text: &str, piece: usize) -> Vec<String> {
        let mut splitter = Splitter::default();
        let mut all = Vec::new();
        for piece in text.as_bytes().chunks(piece) {
            splitter.push(piece);
            while let Some(next) = splitter.next_document() {
                all.push(match next {
                    Ok(document) => String::from_utf8(document).unwrap(),
                    Err(error) => error.to_string(),
                });
            }
        }
        if splitter.end() {
            all.push("end".to_owned());
        }
        all
    }

    #[test]
    fn documents_are_cut_wherever_the_pieces_end() {
        let text = "{\"a\": \"}\\\"{\"}\n\n{\n    \"b\": [\n        {}\n    ]\n}{\"c\":1} \x1e {\"d\":";
        for piece in 1..text.len() {
            assert_eq!(
                cut(text, piece),
                ["{\"a\": \"}\\\"{\"}", "{\n    \"b\": [\n        {}\n    ]\n}", "{\"c\":1}", "end"]
            );
        }
    }

    #[test]
    fn half_a_document_does_not_take_the_next_one_along() {
        let torn = StreamError::Torn.to_string();
        for piece in 1..20 {
            assert_eq!(cut("{\"a\": \"x\n{\"b\":1}\n", piece), [torn.as_str(), "{\"b\":1}"]);
            assert_eq!(cut("{\n \"a\": [\n{\n \"b\":1\n}\n", piece), [torn.as_str(), "{\n \"b\":1\n}"]);
        }
        assert_eq!(cut("garbage ] } \n{\"b\":1}\n", 3), ["{\"b\":1}"]);
    }

    #[test]
    fn what_stands_between_documents_is_passed_over_once() {
        let mut splitter = Splitter::default();
        // Moved along byte by byte, this would take hours.
        splitter.push(&vec![b'\n'; 32 << 20]);
        assert!(splitter.next_document().is_none());
        splitter.push(&b"{}".repeat(1 << 20));
        assert_eq!(std::iter::from_fn(|| splitter.next_document()).filter(Result::is_ok).count(), 1 << 20);
    }

    proptest! {
        #[test]
        fn bytes_never_panic_and_a_whole_document_behind_them_comes_out(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'{'), Just(b'"'), Just(b'\n'), Just(b'}')], 0..300),
            piece in 1..50_usize,
        ) {
            let mut splitter = Splitter::default();
            let mut last = None;
            let mut text = bytes;
            text.extend_from_slice(b"\n{\"z\": 1}");
            for piece in text.chunks(piece) {
                splitter.push(piece);
                while let Some(next) = splitter.next_document() {
                    last = next.ok();
                }
            }
            prop_assert_eq!(last.as_deref(), Some(&b"{\"z\": 1}"[..]));
        }
    }
}
