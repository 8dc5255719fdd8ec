//! Other directors that have told of connections.

/// Directors that have told something, each by the number that its connections are marked with.
#[derive(Debug, Default)]
pub(in crate::director) struct Tellers {
    /// By number less one: who it is, and whether it is telling now.
    pub(in crate::director) known: Vec<(u64, bool)>,
}
