//! The answer to `tunvs --version`: the number, and what this program was built from, for and with.

/// Goes behind the name of the program.
pub(super) const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit    ",
    env!("TUNVS_COMMIT"),
    "\ntarget    ",
    env!("TUNVS_TARGET"),
    "\nfeatures  ",
    env!("TUNVS_FEATURES")
);
