//! The state of connections after packets that went by the fast path: those of the handshake behind the SYN, and those with FIN.
//!
//! Followed before the next packet is decided and before anybody is told of a table, so that nobody sees a state that is
//! older than the packets. Such a packet is counted with all others of its flow.

use std::sync::atomic::Ordering::Relaxed;

use crate::conn::{ConnId, State, View};
use crate::director::Director;
use crate::director::path::track::count_answer;
use crate::fast_path::{FlowStep, Towards};
use lvs_wire::TcpFlags;

/// So many connections that are over are taken back together.
const TOGETHER: usize = 16;

impl Director {
    /// Has connections be in the state that packets past the director have left them in.
    pub(in crate::director) fn follow_steps(&self) {
        if let Some(table) = self.fast_path.table.get()
            && table.has_steps()
        {
            table.take_steps(&mut |step| self.follow(&step));
        }
    }

    fn follow(&self, step: &FlowStep) {
        let conn = ConnId::of_bits(step.conn).and_then(|id| self.conns.get(id));
        let Some(mut conn) = conn else { return };
        let (before, is_input) = (conn.state, step.towards == Towards::Server);
        let State::Tcp(state) = before else { return };
        let view = if is_input { View::Input } else { View::Output };
        if !is_input {
            count_answer(&conn, step.flags);
        }
        if step.flags.has(TcpFlags::SYN) {
            self.fast_path.note_answered();
        }
        // A packet that the director saw may have been later.
        let at = step.seen_at.max(conn.touched_at());
        self.enter(&mut conn, State::Tcp(state.after(step.flags, view, self.defence.secures_tcp())));
        if conn.state != before {
            self.conns.note_change(&conn);
        }
        if is_input {
            self.synchronise(&mut conn, at);
        }
        self.conns.touch(&mut conn, at);
        if conn.state != before {
            self.conns.note_changed(&conn);
        }
        if conn.state.is_over() {
            let mut over = self.fast_path.over.lock();
            over.push(conn.id);
            if over.len() >= TOGETHER {
                self.fast_path.has_over.store(true, Relaxed);
            }
        }
    }
}
