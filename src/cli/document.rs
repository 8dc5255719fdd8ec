//! Holds JSON that is printed to the examples of `docs/json.md`: the same members of the same types, whatever the
//! values. Called by tests only.

use std::collections::BTreeSet;

use serde_json::Value;

/// The first block of the section of that name shows the shape of `printed`.
pub(crate) fn assert_shape(section: &str, printed: &str) {
    let text = include_str!("../../docs/json.md");
    let heading = format!("\n## {}{}\n", section[..1].to_uppercase(), &section[1..]);
    let shown = text.split(&heading).nth(1).and_then(|rest| rest.split("```json\n").nth(1));
    let shown = shown.and_then(|rest| rest.split("```").next());
    let shown = shown.unwrap_or_else(|| panic!("docs/json.md shows no {section}"));
    let of =
        |text: &str| shape(&serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}")));
    assert_eq!(of(shown), of(printed), "docs/json.md (left) and what is printed (right) for {section}");
}

/// Every member as its path and type. Elements of a list count together.
fn shape(value: &Value) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    walk("", value, &mut paths);
    paths
}

fn walk(path: &str, value: &Value, paths: &mut BTreeSet<String>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(elements) => {
            elements.iter().for_each(|element| walk(&format!("{path}[]"), element, paths));
            "list"
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| walk(&format!("{path}.{name}"), member, paths));
            "object"
        }
    };
    paths.insert(format!("{path}: {kind}"));
}
