//! What kernels other than Linux 6.1 did, as differences from its recordings: `tests/data/kernels`.

#![allow(clippy::unwrap_used, reason = "a test program")]

use std::collections::BTreeMap;
use std::path::Path;

use lvs::director::Kernel;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The kernels that are replayed: that of `TUNVS_KERNEL`, or all.
pub(crate) fn wanted() -> Vec<Kernel> {
    match std::env::var("TUNVS_KERNEL") {
        Ok(name) => vec![name.parse().unwrap()],
        Err(_) => Kernel::ALL.to_vec(),
    }
}

/// What differs in packets: by case, and by the number of the event in it.
pub(crate) type Differences = BTreeMap<String, BTreeMap<usize, Value>>;

/// What differs in answers of ipvsadm: by recording, lines and where they stand (from 1).
pub(crate) type Lines = BTreeMap<String, BTreeMap<String, Vec<usize>>>;

/// None for a kernel that does as Linux 6.1 does.
pub(crate) fn differences(kernel: Kernel) -> Differences {
    read(kernel, "datapath.json")
}

/// None for a kernel that answers as Linux 6.1 does.
pub(crate) fn lines(kernel: Kernel) -> Lines {
    read(kernel, "cli.json")
}

fn read<T: Default + DeserializeOwned>(kernel: Kernel, name: &str) -> T {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/kernels").join(kernel.name());
    match std::fs::read_to_string(folder.join(name)) {
        Ok(text) => serde_json::from_str(&text).unwrap(),
        Err(_) => T::default(),
    }
}
