//! Forwarding methods: how packets reach a real server. What tells one method from another is a row here; the rest of the
//! project asks for the fact that it needs, and not which method it is. How a packet is sent stands in [`xmit`](crate::xmit).

use serde::{Deserialize, Serialize};

/// How packets reach a real server (`IP_VS_CONN_F_FWD_MASK`). `T` is what more is said of a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Forwarding<T = Tunnel> {
    Masq,
    /// The client's end is rewritten too, so that answers come back from anywhere.
    FullNat,
    Local,
    Tunnel(T),
    Route,
    Bypass,
}

/// A method alone. A connection keeps this, as the kernel does: its tunnel is what its server says at that time.
pub type Method = Forwarding<()>;

/// Treatment of a client's packet, and so of the answer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Treatment {
    /// The destination is rewritten; the answer comes back by the director.
    Rewritten,
    /// The source is rewritten too: the server sees an end of the director's.
    RewrittenTwice,
    /// Nothing is rewritten; the server has the virtual address too, and answers from there, past the director.
    Unchanged,
    /// The host itself takes it, and answers.
    Delivered,
    /// The packet goes on to where it was bound for, and the answer goes past the director.
    PassedOn,
}

/// Row of the table of methods.
struct Facts {
    name: &'static str,
    number: u8,
    treatment: Treatment,
}

impl<T> Forwarding<T> {
    /// The facts about each method.
    const fn facts(&self) -> Facts {
        let (name, number, treatment) = match self {
            Self::Masq => ("Masq", 0, Treatment::Rewritten),
            Self::FullNat => ("FullNat", 0, Treatment::RewrittenTwice),
            Self::Local => ("Local", 1, Treatment::Delivered),
            Self::Tunnel(_) => ("Tunnel", 2, Treatment::Unchanged),
            Self::Route => ("Route", 3, Treatment::Unchanged),
            Self::Bypass => ("Bypass", 4, Treatment::PassedOn),
        };
        Facts { name, number, treatment }
    }

    /// As listings print it.
    pub const fn name(&self) -> &'static str {
        self.facts().name
    }

    /// `IP_VS_CONN_F_*`, for other directors and for programs. FULLNAT, which the kernel lacks, is masquerading to them.
    pub const fn number(&self) -> u8 {
        self.facts().number
    }

    const fn treatment(&self) -> Treatment {
        self.facts().treatment
    }

    /// Whether destinations are rewritten: a server may have a port of its own, and its answers come back by the director.
    pub const fn is_rewritten(&self) -> bool {
        matches!(self.treatment(), Treatment::Rewritten | Treatment::RewrittenTwice)
    }

    /// Whether a server sees an end of the director's in place of the client's.
    pub const fn hides_client(&self) -> bool {
        matches!(self.treatment(), Treatment::RewrittenTwice)
    }

    /// Whether a server has the virtual address itself, so that it can be asked there.
    pub const fn has_virtual_addr(&self) -> bool {
        matches!(self.treatment(), Treatment::Unchanged)
    }

    /// Whether answers go past the director, so that its host sees one direction of a connection only.
    pub const fn is_half_seen(&self) -> bool {
        matches!(self.treatment(), Treatment::Unchanged | Treatment::PassedOn)
    }

    /// Whether packets travel inside others, so that a server may be of another family than its service.
    pub const fn is_tunnel(&self) -> bool {
        matches!(self, Self::Tunnel(_))
    }

    /// Place among [all methods](Method::ALL).
    pub fn ordinal(self) -> u8 {
        let own = self.with(());
        Method::ALL.iter().take_while(|method| **method != own).count() as u8
    }

    /// The same method, with something else said of a tunnel.
    pub fn with<U>(self, tunnel: U) -> Forwarding<U> {
        match self {
            Self::Masq => Forwarding::Masq,
            Self::FullNat => Forwarding::FullNat,
            Self::Local => Forwarding::Local,
            Self::Tunnel(_) => Forwarding::Tunnel(tunnel),
            Self::Route => Forwarding::Route,
            Self::Bypass => Forwarding::Bypass,
        }
    }
}

impl Forwarding {
    pub const fn tunnel(self) -> Option<Tunnel> {
        if let Self::Tunnel(tunnel) = self { Some(tunnel) } else { None }
    }

    /// As a connection keeps it: a method of the kernel's. FULLNAT is masquerading with a local end there.
    pub fn of_conn(self) -> Method {
        Method::from_number(self.number()).unwrap_or_else(|| self.with(()))
    }
}

impl Method {
    /// All of them, as records of connections number those of servers: a new one comes last.
    pub const ALL: [Self; 6] =
        [Self::Masq, Self::FullNat, Self::Local, Self::Tunnel(()), Self::Route, Self::Bypass];

    /// The method of the kernel's with that number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.number() == number)
    }
}

/// Encapsulation of a tunnel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tunnel {
    pub kind: TunnelKind,
    /// UDP port of GUE; 0 for the others.
    pub port: u16,
    pub checksum: TunnelChecksum,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TunnelKind {
    #[default]
    Ipip,
    Gue,
    Gre,
}

/// Checksum of the encapsulation (`IP_VS_TUNNEL_ENCAP_FLAG_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TunnelChecksum {
    #[default]
    None,
    Full,
    Remote,
}
