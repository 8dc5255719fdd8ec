//! SIP: the Call-ID by which a call is known. Same job as `ip_vs_pe_sip.c` and the part of `nf_conntrack_sip.c` that
//! it uses, whose oddities decide which messages have one.

/// The longest Call-ID (`IP_VS_PEDATA_MAXLEN`).
const LONGEST: usize = 255;

/// The Call-ID of a SIP message, as it stands there.
pub fn call_id(message: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    loop {
        let line = next_line(message, at)?;
        let Some(name) = name_len(&message[line..]) else {
            at = line + 1;
            continue;
        };
        // A line that begins like the header, and is not it, ends the search.
        let start = value(message, line + name)?;
        let len = call_id_len(&message[start..]);
        if len > 0 {
            let ends_line = matches!(message.get(start + len), Some(b'\r' | b'\n'));
            return (len <= LONGEST && ends_line).then(|| &message[start..start + len]);
        }
        at = start;
    }
}

/// Offset of the next line that does not go on the one before it. Lines end in CR, LF or both; what begins with the
/// end of another line, an empty one, is passed over with it.
fn next_line(message: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += message.get(at..)?.iter().position(|byte| is_line_end(*byte))?;
        at = behind_line_end(message, at);
        if !is_blank(*message.get(at)?) {
            return Some(at);
        }
        at += 1;
    }
}

/// Length of the name, if the line begins with `Call-ID` or with `i` and no other letter.
fn name_len(line: &[u8]) -> Option<usize> {
    const LONG: &[u8] = b"Call-ID";
    if line.get(..LONG.len()).is_some_and(|name| name.eq_ignore_ascii_case(LONG)) {
        return Some(LONG.len());
    }
    let is_short = line[0].eq_ignore_ascii_case(&b'i') && !line.get(1)?.is_ascii_alphabetic();
    is_short.then_some(1)
}

/// Offset of the value, behind the colon that follows the name at `at`.
fn value(message: &[u8], at: usize) -> Option<usize> {
    let colon = skip_blanks(message, at)?;
    if message[colon] != b':' {
        return None;
    }
    skip_blanks(message, colon + 1)
}

/// Behind blanks, and behind one end of a line if the next one goes on with blanks. What follows may be another end.
fn skip_blanks(message: &[u8], at: usize) -> Option<usize> {
    let visible = |at: usize| Some(at + message.get(at..)?.iter().position(|byte| !is_blank(*byte))?);
    let found = visible(at)?;
    if !is_line_end(message[found]) {
        return Some(found);
    }
    let next = behind_line_end(message, found);
    if is_blank(*message.get(next)?) { visible(next) } else { None }
}

/// Behind the CR, the LF or both at `at`.
fn behind_line_end(message: &[u8], at: usize) -> usize {
    at + if message[at..].starts_with(b"\r\n") { 2 } else { 1 }
}

const fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `word` or `word@word`.
fn call_id_len(value: &[u8]) -> usize {
    let word = |from: usize| value[from..].iter().take_while(|byte| is_word(**byte)).count();
    let local = word(0);
    if local == 0 || value.get(local) != Some(&b'@') {
        return local;
    }
    match word(local + 1) {
        0 => 0,
        host => local + 1 + host,
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'"'
                | b'%'
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b':'
                | b'<'
                | b'>'
                | b'?'
                | b'['
                | b'\\'
                | b']'
                | b'_'
                | b'`'
                | b'{'
                | b'}'
                | b'~'
                | b'-'
                | b'.'
                | b'/'
                | b'\''
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(headers: &str) -> Option<String> {
        let message = format!("INVITE sip:a@example.org SIP/2.0\r\n{headers}");
        call_id(message.as_bytes()).map(|id| String::from_utf8(id.to_vec()).unwrap())
    }

    #[test]
    fn long_and_short_headers_are_found() {
        let id = Some("f81d4fae-7dec@192.0.2.1".to_owned());
        for headers in [
            "Via: x\r\nCall-ID: f81d4fae-7dec@192.0.2.1\r\n\r\n",
            "call-id :\tf81d4fae-7dec@192.0.2.1\n",
            "i:f81d4fae-7dec@192.0.2.1\r\n",
            "Identity: other\r\ni: f81d4fae-7dec@192.0.2.1\r",
            "Call-ID:\r\n f81d4fae-7dec@192.0.2.1\r\n",
            "Call-ID\r\n\t:\n f81d4fae-7dec@192.0.2.1\r",
            "i\r : \t\r\t f81d4fae-7dec@192.0.2.1\n",
        ] {
            assert_eq!(found(headers), id, "{headers:?}");
        }
        assert_eq!(found("Call-ID: alone\r\n").as_deref(), Some("alone"));
    }

    #[test]
    fn what_is_no_call_id_is_none() {
        let long = format!("Call-ID: {}\r\n", "x".repeat(256));
        for headers in [
            "",
            "Via: x\r\n\r\n",
            "Call-ID: cut-off",
            "Call-ID: \r\n",
            "Call-ID x\r\n",
            "Call-ID: a@\r\n",
            "Call-ID: a b\r\n",
            "Subject: x\r\n Call-ID: folded\r\n",
            "Call-ID:\r\nx\r\n",
            "Call-ID:\r\n \r\n x\r\n",
            "Call-ID x\r\nCall-ID: y\r\n",
            "Call-ID: x@\r\n y\r\n",
            "Call-ID:\r\n ",
            "i",
            &long,
        ] {
            assert_eq!(found(headers), None, "{headers:?}");
        }
        assert_eq!(found(&format!("Call-ID: {}\r\n", "x".repeat(255))).map(|id| id.len()), Some(255));
        assert_eq!(call_id(b"Call-ID: first-line\r\n"), None);
    }
}
