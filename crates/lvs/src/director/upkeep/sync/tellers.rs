//! Other directors that have told of connections.

/// Directors that have told something, each by the number that its connections are marked with.
#[derive(Debug, Default)]
pub(in crate::director) struct Tellers {
    /// By number less one.
    pub(in crate::director) known: Vec<KnownTeller>,
}

/// A director that has told something.
#[derive(Clone, Copy, Debug)]
pub(in crate::director) struct KnownTeller {
    pub(in crate::director) id: u64,
    /// Now, too.
    pub(in crate::director) is_telling: bool,
}
