//! A configuration as TOML: what `tunvs convert` prints.
//!
//! Says nothing of what is as usual, and loses nothing: what is written is read as the same (a netmask with holes
//! excepted, which TOML does not take and a comment names). Called by the command line. What the keys are, the schema
//! says; here is where they stand.

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Key, Table};

use super::schema::{File, mask_with_holes};
use super::{declared::Declared, note::Note};

impl Declared {
    /// As TOML, with notes as comments. `origin` is for the first comment.
    pub fn to_toml(&self, notes: &[Note], origin: &str) -> String {
        written(self, notes, origin)
    }
}

/// The whole file, its notes as comments at the top.
fn written(declared: &Declared, notes: &[Note], origin: &str) -> String {
    let mut text = format!("# Converted from {origin}\n");
    for note in notes {
        text.push_str(&format!("# {}\n", note.to_string().replace('\n', " ")));
    }
    // TOML has no place for paths that are no UTF-8, which no reader makes.
    match toml_edit::ser::to_document(&File::from(declared)) {
        Ok(document) if document.is_empty() => {}
        Ok(document) => text.push_str(&format!("\n{}", laid_out(document, declared))),
        Err(error) => text.push_str(&format!("# Not written: {error}\n")),
    }
    text
}

/// Keys of a table that are written first and last, where that is not as the schema has them.
struct Order {
    first: &'static [&'static str],
    last: &'static [&'static str],
}

const FILE: Order = Order { first: &[], last: &["metrics", "flow_log", "sync", "service"] };
const SYNC: Order = Order { first: &[], last: &["group"] };
const CHECK: Order = Order {
    first: &[
        "type",
        "interval",
        "timeout",
        "delay_before_retry",
        "jitter",
        "retry",
        "rise",
        "fall",
        "warmup",
        "alpha",
        "log_all_failures",
        "address",
        "bind_address",
    ],
    last: &[
        "require_reply",
        "min_reply",
        "max_reply",
        "server_name",
        "sni",
        "verify",
        "ca_file",
        "path",
        "status",
        "digest",
        "regex",
        "url",
        "weight",
        "reverse",
    ],
};
const URL: Order = Order { first: &[], last: &["host"] };

impl Order {
    fn place(&self, key: &Key) -> (u8, Option<usize>) {
        let within = |keys: &[&str]| keys.iter().position(|known| key == *known);
        match (within(self.first), within(self.last)) {
            (Some(at), _) => (0, Some(at)),
            (None, Some(at)) => (2, Some(at)),
            (None, None) => (1, None),
        }
    }

    fn sort(&self, table: &mut Table) {
        table.sort_values_by(|one, _, other, _| self.place(one).cmp(&self.place(other)));
    }
}

/// Tables under headings of their own, where serde has them within a line.
fn laid_out(mut document: DocumentMut, declared: &Declared) -> DocumentMut {
    FILE.sort(&mut document);
    for (_, item) in document.iter_mut() {
        let whole = std::mem::take(item);
        *item = whole.into_table().map_or_else(|list| list, Item::Table);
    }
    tables(&mut document, "sync").for_each(|daemon| SYNC.sort(daemon));
    for (service, declared) in tables(&mut document, "service").zip(&declared.services) {
        if let (Some(mask), Some(mut key)) = (mask_with_holes(&declared.spec), service.key_mut("persistence"))
        {
            key.leaf_decor_mut().set_prefix(format!("# The netmask {mask} has holes: left out.\n"));
        }
        for check in tables(service, "server").flat_map(|server| tables(server, "check")) {
            check.decor_mut().set_prefix("");
            CHECK.sort(check);
            if let Some(urls) = check.get_mut("url").and_then(Item::as_array_mut) {
                one_a_line(urls);
            }
        }
    }
    document
}

fn tables<'a>(table: &'a mut Table, key: &str) -> impl Iterator<Item = &'a mut Table> {
    if let Some(item) = table.get_mut(key) {
        let list = std::mem::take(item);
        *item = list.into_array_of_tables().map_or_else(|other| other, Item::ArrayOfTables);
    }
    table.get_mut(key).and_then(Item::as_array_of_tables_mut).into_iter().flat_map(ArrayOfTables::iter_mut)
}

fn one_a_line(urls: &mut Array) {
    for url in urls.iter_mut() {
        if let Some(url) = url.as_inline_table_mut() {
            url.sort_values_by(|one, _, other, _| URL.place(one).cmp(&URL.place(other)));
        }
        url.decor_mut().set_prefix("\n    ");
    }
    urls.set_trailing_comma(true);
    urls.set_trailing("\n");
}
