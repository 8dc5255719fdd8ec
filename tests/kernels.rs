//! What kernels other than Linux 6.1 did, as differences from its recordings: `tests/data/kernels`.

#![allow(clippy::unwrap_used, reason = "a test program")]

use std::collections::BTreeMap;
use std::path::Path;

use lvs::director::Kernel;
use serde_json::Value;

/// The kernels that are replayed: that of `TUNVS_KERNEL`, or all.
pub(crate) fn wanted() -> Vec<Kernel> {
    match std::env::var("TUNVS_KERNEL") {
        Ok(name) => vec![name.parse().unwrap()],
        Err(_) => Kernel::ALL.to_vec(),
    }
}

/// What differs: by case, and by the number of the event in it.
pub(crate) type Differences = BTreeMap<String, BTreeMap<usize, Value>>;

/// None for a kernel that does as Linux 6.1 does.
pub(crate) fn differences(kernel: Kernel) -> Differences {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/kernels").join(kernel.name());
    match std::fs::read_to_string(folder.join("datapath.json")) {
        Ok(text) => serde_json::from_str(&text).unwrap(),
        Err(_) => Differences::new(),
    }
}
