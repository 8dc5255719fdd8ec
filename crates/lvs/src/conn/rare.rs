//! Access to the properties that few connections have ([`Extra`](super::Extra)).

use super::{Account, Connection, Engine, Positions};
use crate::app::{ClientAddrState, SynProxy, ftp};
use crate::time::Time;

impl Connection {
    /// Whether it has something that few connections have.
    pub fn has_extra(&self) -> bool {
        self.extra.is_some()
    }

    /// Whether it is a health check's, pinned to its server beside the tables.
    pub fn is_pinned(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.pinned)
    }

    pub fn set_pinned(&mut self) {
        self.extra.get_or_insert_default().pinned = true;
    }

    /// Notes that the host would refuse its super-packets.
    pub fn set_too_long(&mut self) {
        self.extra.get_or_insert_default().is_too_long = true;
    }

    pub fn fwmark(&self) -> u32 {
        self.extra.as_ref().map_or(0, |extra| extra.fwmark)
    }

    pub fn set_fwmark(&mut self, mark: u32) {
        self.extra.get_or_insert_default().fwmark = mark;
    }

    /// Data by which the clients of a template are known, if not by their addresses alone.
    pub fn engine(&self) -> Option<&Engine> {
        self.extra.as_ref()?.engine.as_ref().map(|engine| &engine.0)
    }

    /// `tag`: of the template's key.
    pub fn set_engine(&mut self, engine: Engine, tag: u64) {
        self.extra.get_or_insert_default().engine = Some(Box::new((engine, tag)));
    }

    pub(super) fn tag(&self) -> u64 {
        self.extra.as_ref().and_then(|extra| extra.engine.as_ref()).map_or(0, |engine| engine.1)
    }

    /// State as a control connection of FTP, if it is one.
    pub fn ftp_mut(&mut self) -> Option<&mut ftp::Control> {
        self.extra.as_mut()?.ftp.as_deref_mut()
    }

    pub fn is_ftp_control(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.ftp.is_some())
    }

    pub fn watch_ftp(&mut self) {
        self.extra.get_or_insert_default().ftp = Some(Box::default());
    }

    pub fn client_addr_state(&self) -> Option<&ClientAddrState> {
        self.extra.as_ref()?.client_addr_state.as_ref()
    }

    pub fn client_addr_state_mut(&mut self) -> Option<&mut ClientAddrState> {
        self.extra.as_mut()?.client_addr_state.as_mut()
    }

    pub fn set_client_addr_state(&mut self, client_addr_state: ClientAddrState) {
        self.extra.get_or_insert_default().client_addr_state = Some(client_addr_state);
    }

    /// How its handshake differs from that of its server, if it began with a cookie.
    pub fn syn_proxy(&self) -> Option<&SynProxy> {
        self.extra.as_ref()?.syn_proxy.as_deref()
    }

    pub fn syn_proxy_mut(&mut self) -> Option<&mut SynProxy> {
        self.extra.as_mut()?.syn_proxy.as_deref_mut()
    }

    pub fn set_syn_proxy(&mut self, syn_proxy: SynProxy) {
        self.extra.get_or_insert_default().syn_proxy = Some(Box::new(syn_proxy));
    }

    /// Number of the client among those whose connections are counted.
    pub fn client_tag(&self) -> Option<u64> {
        self.extra.as_ref()?.client_tag
    }

    /// Takes it: the connection counts no more.
    pub fn take_client_tag(&mut self) -> Option<u64> {
        self.extra.as_mut()?.client_tag.take()
    }

    pub fn set_client_tag(&mut self, tag: u64) {
        self.extra.get_or_insert_default().client_tag = Some(tag);
    }

    /// Whether something is sent again by the clock: a header of PROXY, or a SYN.
    pub fn is_repeated(&self) -> bool {
        let has_header_waiting =
            matches!(self.client_addr_state(), Some(ClientAddrState::Proxy(proxy)) if proxy.is_waiting());
        has_header_waiting || self.syn_proxy().is_some_and(SynProxy::is_opening)
    }

    pub fn account(&self) -> Option<&Account> {
        self.extra.as_ref()?.account.as_ref()
    }

    pub fn account_mut(&mut self) -> Option<&mut Account> {
        self.extra.as_mut()?.account.as_mut()
    }

    pub(super) fn open_account(&mut self, now: Time) {
        let account = Account { start: now, last: now, ..Account::default() };
        self.extra.get_or_insert_default().account = Some(account);
    }

    /// From now on it is known where both ends are. `on_expiry`: they are told when its time is up.
    pub fn watch_positions(&mut self, on_expiry: bool) {
        let extra = self.extra.get_or_insert_default();
        extra.positions.get_or_insert_default();
        extra.tells_on_expiry |= on_expiry;
    }

    pub fn positions_mut(&mut self) -> Option<&mut Positions> {
        self.extra.as_mut()?.positions.as_mut()
    }

    pub fn positions(&self) -> Option<&Positions> {
        self.extra.as_ref()?.positions.as_ref()
    }

    /// Both ends are told when it ends by its timeout or with its server.
    pub fn tells_on_expiry(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.tells_on_expiry)
    }
}
