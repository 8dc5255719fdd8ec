//! Is what happened what was recorded? Timers may differ a little, and `x` in bytes is any digit.

use serde_json::Value;

const SLACK_SECS: u64 = 5;

pub(crate) fn same(wanted: &Value, got: &Value) -> bool {
    match (wanted, got) {
        (Value::String(wanted), Value::String(got)) => same_text(wanted, got),
        (Value::Array(wanted), Value::Array(got)) => {
            wanted.len() == got.len() && wanted.iter().zip(got).all(|(wanted, got)| same(wanted, got))
        }
        (Value::Object(wanted), Value::Object(got)) => {
            // How records are split into messages is a matter of time.
            let has_same = |(name, wanted): (&String, &Value)| {
                name == "hex" || got.get(name).is_some_and(|got| same(wanted, got))
            };
            wanted.len() == got.len() && wanted.iter().all(has_same)
        }
        _ => wanted == got,
    }
}

fn same_text(wanted: &str, got: &str) -> bool {
    wanted == got || same_bytes(wanted, got) || same_conn(wanted, got) || same_record(wanted, got)
}

fn same_bytes(wanted: &str, got: &str) -> bool {
    wanted.contains('x')
        && wanted.len() == got.len()
        && wanted.chars().all(|digit| digit == 'x' || digit.is_ascii_hexdigit())
        && wanted.chars().zip(got.chars()).all(|(wanted, got)| wanted == 'x' || wanted == got)
}

fn same_conn(wanted: &str, got: &str) -> bool {
    let split = |line: &str| {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let secs: u64 = words.get(1)?.parse().ok()?;
        let ends = words.get(3..6)?;
        ends.iter().all(|end| end.contains(':')).then(|| (words[0].clone(), secs, words[2..].to_vec()))
    };
    let (Some(wanted), Some(got)) = (split(wanted), split(got)) else { return false };
    wanted.0 == got.0 && wanted.2 == got.2 && wanted.1.abs_diff(got.1) <= SLACK_SECS
}

/// Records of synchronisation, but for their timers.
fn same_record(wanted: &str, got: &str) -> bool {
    let split = |line: &str| {
        let (front, back) = line.strip_prefix("v1 ")?.split_once(" timeout ")?;
        let (secs, rest) = back.split_once(' ').unwrap_or((back, ""));
        Some((front.to_owned(), secs.parse::<u64>().ok()?, rest.to_owned()))
    };
    let (Some(wanted), Some(got)) = (split(wanted), split(got)) else { return false };
    wanted.0 == got.0 && wanted.2 == got.2 && wanted.1.abs_diff(got.1) <= SLACK_SECS
}

/// The difference in lines, for people.
pub(crate) fn difference(wanted: &Value, got: &Value) -> String {
    let (Value::Array(wanted_list), Value::Array(got_list)) = (wanted, got) else {
        return format!("    expected {wanted}\n    got      {got}");
    };
    let missing = wanted_list.iter().filter(|wanted| !got_list.iter().any(|got| same(wanted, got)));
    let surplus = got_list.iter().filter(|got| !wanted_list.iter().any(|wanted| same(wanted, got)));
    let lines: Vec<String> = missing
        .map(|line| format!("    - {line}"))
        .chain(surplus.map(|line| format!("    + {line}")))
        .take(12)
        .collect();
    if lines.is_empty() {
        format!("    other order or number: expected {wanted}, got {got}")
    } else {
        lines.join("\n")
    }
}
