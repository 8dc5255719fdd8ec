//! Changes that a restore would make, as command lines that go (`-`) and come (`+`).

use std::collections::HashSet;
use std::io::{self, Write};

use super::lines::{Paragraph, paragraphs};
use lvs::director::Tables;

/// Writes the lines that are only in one of the two, service by service. Nothing when they say the same.
pub fn write(out: &mut dyn Write, present: &Tables, wanted: &Tables) -> io::Result<()> {
    // What is not wanted otherwise stays as it is.
    let wanted = Tables {
        services: wanted.services.clone(),
        timeouts: wanted.timeouts.or(present.timeouts),
        daemons: wanted.daemons.clone().or_else(|| present.daemons.clone()),
    };
    let (present, wanted) = (paragraphs(present), paragraphs(&wanted));
    let (present_lines, wanted_lines) = (set(&present), set(&wanted));
    for line in present.iter().flatten().filter(|line| !wanted_lines.contains(line.as_str())) {
        writeln!(out, "- {line}")?;
    }
    for line in wanted.iter().flatten().filter(|line| !present_lines.contains(line.as_str())) {
        writeln!(out, "+ {line}")?;
    }
    Ok(())
}

fn set(paragraphs: &[Paragraph]) -> HashSet<&str> {
    paragraphs.iter().flatten().map(String::as_str).collect()
}
