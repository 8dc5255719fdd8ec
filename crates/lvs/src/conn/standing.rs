//! Connections that stand under a template or a control connection, which is held before they have a place and does not end
//! before them. No thread holds one slot here while it locks another whose order is not known.

use super::{ConnId, ConnTable, Connection, Entry, Place, TableFull};

impl ConnTable {
    /// The template or control connection that one stands under. It does not end before, so that its place is its own. Whoever
    /// has the lower one locked may lock it.
    pub fn above(&self, conn: &Connection) -> Option<Entry<'_>> {
        self.at(conn.controller?)
    }

    /// As [`Self::insert`], under a template or a control connection; under none if that has ended meanwhile. It is held before
    /// the new one has a place, so that nobody locks two whose order is not known.
    ///
    /// # Errors
    /// As there.
    pub fn insert_under(&self, mut conn: Connection, above: Option<ConnId>) -> Result<Entry<'_>, TableFull> {
        conn.controller = above.and_then(|above| self.hold(above));
        self.insert(conn)
    }

    /// Counts one more under that connection, which does not end from now on. Its place; None if it has ended.
    fn hold(&self, above: ConnId) -> Option<Place> {
        let mut above = self.get(above)?;
        above.controlled += 1;
        Some(above.id.place())
    }

    /// Counts one less under the connection in that place.
    pub(super) fn let_go(&self, above: Place) {
        if let Some(mut above) = self.at(above) {
            above.controlled = above.controlled.saturating_sub(1);
        }
    }

    /// Puts a connection that stands under none under another one, if both are there.
    pub fn control(&self, id: ConnId, above: ConnId) {
        let Some(place) = self.hold(above) else { return };
        match self.get(id).filter(|entry| entry.controller.is_none() && entry.id != above) {
            Some(mut entry) => {
                entry.controller = Some(place);
                self.note_changed(&entry);
            }
            None => self.let_go(place),
        }
    }
}
