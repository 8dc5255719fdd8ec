//! Declared health of services and servers, as plain data.
//!
//! Complete enough for keepalived's checkers; `Default` gives the values that hold where nothing is said. Never
//! looks at a file or a network; made by the configuration, read by the checks.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use lvs::service::{Endpoint, Forwarding, ServerSpec, ServiceKey};

mod http;

pub use http::{BodyRegex, HttpCheck, HttpUrl, HttpVersion, StatusRange, Tls};

/// The checks of one virtual service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceHealth {
    pub service: ServiceKey,
    pub policy: ServicePolicy,
    pub servers: Vec<ServerHealth>,
}

impl ServiceHealth {
    /// A service without checks.
    pub fn nothing(service: ServiceKey) -> Self {
        Self { service, policy: ServicePolicy::default(), servers: Vec::new() }
    }

    /// Whether there is anything to check, and anything that follows.
    pub fn looks_after_anything(&self) -> bool {
        let policy = &self.policy;
        let has_scripts = policy.quorum_up.is_some() || policy.quorum_down.is_some();
        let is_plain = |server: &ServerHealth| server.checks.is_empty() && server.slow_start.is_zero();
        has_scripts
            || policy.sorry.is_some()
            || policy.passive.is_some()
            || !self.servers.iter().all(is_plain)
    }
}

const SCRIPT_CHECK: &str = "the script check";

/// A program that a declaration wants run, and what for.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    what: &'static str,
    service: ServiceKey,
    server: Option<Endpoint>,
    pub script: &'a Script,
}

impl Program<'_> {
    /// Whether the program asks a server, and does not tell of one.
    pub fn is_check(&self) -> bool {
        self.what == SCRIPT_CHECK
    }
}

impl fmt::Display for Program<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.what, self.service)?;
        self.server.map_or(Ok(()), |server| write!(f, " -> {server}"))
    }
}

/// The programs that are to be run, perhaps as another user.
pub fn programs(declared: &[ServiceHealth]) -> impl Iterator<Item = Program<'_>> {
    declared.iter().flat_map(|health| {
        let service = health.service;
        let policy = [("quorum_up", &health.policy.quorum_up), ("quorum_down", &health.policy.quorum_down)];
        let of_service = policy.into_iter().filter_map(move |(what, script)| {
            Some(Program { what, service, server: None, script: script.as_ref()? })
        });
        let of_servers = health.servers.iter().flat_map(move |member| {
            let notes = [("notify_up", &member.notify_up), ("notify_down", &member.notify_down)];
            let notes = notes.into_iter().filter_map(|(what, script)| Some((what, script.as_ref()?)));
            let checks = member.checks.iter().filter_map(|check| match &check.kind {
                CheckKind::Script(check) => Some((SCRIPT_CHECK, &check.script)),
                _ => None,
            });
            let server = Some(member.server);
            notes.chain(checks).map(move |(what, script)| Program { what, service, server, script })
        });
        of_service.chain(of_servers)
    })
}

/// Consequences of how many servers of a service are well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicePolicy {
    /// Servers with checks begin as down, and come in with their first good round.
    pub alpha: bool,
    /// At the end of the director, run the scripts of what goes down with it.
    pub omega: bool,
    /// Sum of the weights of servers that are up, from which the service counts as up.
    pub quorum: u32,
    /// The service comes up at `quorum + hysteresis` and goes down below `quorum - hysteresis`.
    pub hysteresis: u32,
    pub quorum_up: Option<Script>,
    pub quorum_down: Option<Script>,
    /// Takes the clients while there is no quorum; the servers that are still up leave in its favour.
    pub sorry: Option<SorryServer>,
    pub passive: Option<Passive>,
}

impl Default for ServicePolicy {
    fn default() -> Self {
        Self {
            alpha: false,
            omega: false,
            quorum: 1,
            hysteresis: 0,
            quorum_up: None,
            quorum_down: None,
            sorry: None,
            passive: None,
        }
    }
}

/// A server that is declared here only, not among the servers of the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SorryServer {
    pub server: ServerSpec,
    /// Stays in the table with weight 0 while it is not needed, so that its connections go on.
    pub inhibit: bool,
}

/// Signs of trouble in the traffic itself, of servers whose answers come by the director (not with direct routing
/// and tunnels). A server that shows them is down for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passive {
    pub interval: Duration,
    /// Fewer new connections in an interval say nothing.
    pub min_connections: u32,
    /// Percent of new TCP connections that the server did not answer; 0 does not look at it.
    pub unanswered: u8,
    /// Percent of new TCP connections that the server refused with RST; 0 does not look at it.
    pub refused: u8,
    /// Bad intervals in a row until it is down.
    pub fall: u32,
    /// How long it stays down before it is tried again.
    pub hold_down: Duration,
}

impl Default for Passive {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(2),
            min_connections: 10,
            unanswered: 50,
            refused: 50,
            fall: 2,
            hold_down: Duration::from_secs(30),
        }
    }
}

/// The checks of one real server. It is up when all of them are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerHealth {
    /// The place of the server in its service's list.
    pub server: Endpoint,
    pub on_failure: OnFailure,
    pub notify_up: Option<Script>,
    pub notify_down: Option<Script>,
    /// Time in which its share of new connections grows to all that is fair for it after the server came up; zero gives
    /// it at once.
    pub slow_start: Duration,
    pub checks: Vec<Check>,
}

impl ServerHealth {
    /// A server without checks.
    pub const fn new(server: Endpoint) -> Self {
        Self {
            server,
            on_failure: OnFailure::Remove,
            notify_up: None,
            notify_down: None,
            slow_start: Duration::ZERO,
            checks: Vec::new(),
        }
    }
}

/// The fate of a server that is down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The server leaves the table, as with keepalived.
    #[default]
    Remove,
    /// Sets the weight to 0 (`inhibit_on_failure`).
    Quiesce,
}

/// One check: what is asked, where, and when.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Check {
    pub kind: CheckKind,
    pub target: Target,
    pub schedule: Schedule,
    /// The check begins as failed, whatever the service says of its servers.
    pub alpha: bool,
    /// Tell the log of every failed attempt, not only of changes.
    pub log_all_failures: bool,
}

impl Check {
    /// A check of the server's own address, with the usual times.
    pub fn new(kind: CheckKind) -> Self {
        Self {
            kind,
            target: Target::default(),
            schedule: Schedule::default(),
            alpha: false,
            log_all_failures: false,
        }
    }
}

/// When a check runs and how many results make a change.
///
/// A round is one attempt and, as long as they fail, up to `retry` more. A server that is down is not tried again
/// within a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Schedule {
    /// From the start of a round to the start of the next (`delay_loop`).
    pub interval: Duration,
    /// Percent of the interval by which rounds vary at random, to both sides.
    pub jitter: u8,
    /// Time that one attempt has in all, connecting included (`connect_timeout`, `misc_timeout`).
    pub timeout: Duration,
    pub retry: u32,
    pub delay_before_retry: Duration,
    /// Good rounds in a row until it is up.
    pub rise: u32,
    /// Failed rounds in a row until it is down.
    pub fall: u32,
    /// The first round comes after a random part of this; None spreads over one interval.
    pub warmup: Option<Duration>,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(2),
            jitter: 10,
            timeout: Duration::from_secs(2),
            retry: 0,
            delay_before_retry: Duration::from_secs(1),
            rise: 2,
            fall: 3,
            warmup: None,
        }
    }
}

impl Schedule {
    /// The schedule of keepalived where its file says nothing. `HTTP_GET` and `SSL_GET` set `retry` to 3.
    pub const KEEPALIVED: Self = Self {
        interval: Duration::from_secs(60),
        jitter: 0,
        timeout: Duration::from_secs(5),
        retry: 1,
        delay_before_retry: Duration::from_secs(1),
        rise: 1,
        fall: 1,
        warmup: None,
    };
}

/// Target of a check. The server's own address and port stand for what is not set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    pub connect_ip: Option<IpAddr>,
    pub connect_port: Option<u16>,
    /// Address, port and interface that it leaves from.
    pub bind_ip: Option<IpAddr>,
    pub bind_port: Option<u16>,
    pub bind_interface: Option<String>,
    /// Mark of its packets (`SO_MARK`).
    pub fwmark: Option<u32>,
    /// The virtual address is asked, and the director leads the packets to the server in this way.
    pub via_server: Option<Forwarding>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// A connection can be opened.
    Tcp,
    Http(HttpCheck),
    Dns(DnsCheck),
    Udp(UdpCheck),
    /// An ICMP echo is answered.
    Ping,
    Smtp(SmtpCheck),
    Grpc(GrpcCheck),
    Script(ScriptCheck),
    File(FileCheck),
    /// A session of a BFD daemon on this host with `connect_ip`, or the server's address, from `bind_ip`, is up.
    Bfd(BfdSource),
}

/// Types of checks, as files and listings name them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum CheckType {
    #[default]
    Tcp,
    Http,
    Https,
    Dns,
    Udp,
    Ping,
    Smtp,
    Grpc,
    Grpcs,
    Script,
    File,
    Bfd,
}

impl CheckKind {
    pub const fn check_type(&self) -> CheckType {
        match self {
            Self::Tcp => CheckType::Tcp,
            Self::Http(http) if http.tls.is_some() => CheckType::Https,
            Self::Http(_) => CheckType::Http,
            Self::Dns(_) => CheckType::Dns,
            Self::Udp(_) => CheckType::Udp,
            Self::Ping => CheckType::Ping,
            Self::Smtp(_) => CheckType::Smtp,
            Self::Grpc(grpc) if grpc.tls.is_some() => CheckType::Grpcs,
            Self::Grpc(_) => CheckType::Grpc,
            Self::Script(_) => CheckType::Script,
            Self::File(_) => CheckType::File,
            Self::Bfd(_) => CheckType::Bfd,
        }
    }

    /// As listings print it.
    pub fn name(&self) -> &'static str {
        self.check_type().into()
    }
}

impl Check {
    /// Returns the end that is asked: the server, or the virtual address by way of it.
    pub fn goes_to(&self, service: &ServiceKey, server: Endpoint) -> Endpoint {
        let asked = match *service {
            ServiceKey::Address { addr, port, .. } if self.target.via_server.is_some() => {
                Endpoint::new(addr, port)
            }
            _ => server,
        };
        Endpoint::new(
            self.target.connect_ip.unwrap_or(asked.addr),
            self.target.connect_port.unwrap_or_else(|| self.kind.default_port(asked.port)),
        )
    }
}

impl CheckKind {
    /// Port that is asked when the target names none.
    pub const fn default_port(&self, server: u16) -> u16 {
        match (self, server) {
            (Self::Dns(_), 0) => 53,
            (Self::Smtp(_), 0) => 25,
            (Self::Http(HttpCheck { tls: Some(_), .. }), 0) => 443,
            (Self::Http(_), 0) => 80,
            (_, port) => port,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DnsCheck {
    /// The name to ask for; `.` is the root.
    pub name: String,
    /// Number of the record type (1 is A).
    pub record_type: u16,
    /// Ask over TCP.
    pub tcp: bool,
}

impl Default for DnsCheck {
    /// As keepalived: the SOA of the root.
    fn default() -> Self {
        Self { name: ".".to_owned(), record_type: Self::record_type_of("SOA").unwrap_or(6), tcp: false }
    }
}

impl DnsCheck {
    /// The number of a record type by its name, in any case, or written as `TYPE65`.
    pub fn record_type_of(name: &str) -> Option<u16> {
        let name = name.to_ascii_uppercase();
        Some(match name.as_str() {
            "A" => 1,
            "NS" => 2,
            "CNAME" => 5,
            "SOA" => 6,
            "PTR" => 12,
            "MX" => 15,
            "TXT" => 16,
            "AAAA" => 28,
            "SRV" => 33,
            "NAPTR" => 35,
            "DS" => 43,
            "RRSIG" => 46,
            "DNSKEY" => 48,
            "TLSA" => 52,
            "SVCB" => 64,
            "HTTPS" => 65,
            "ANY" => 255,
            "CAA" => 257,
            _ => return name.strip_prefix("TYPE")?.parse().ok(),
        })
    }
}

/// A datagram. Without `require_reply` only an ICMP error fails it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UdpCheck {
    pub payload: Vec<u8>,
    pub require_reply: bool,
    pub min_reply_len: Option<usize>,
    pub max_reply_len: Option<usize>,
    pub expect: Option<Reply>,
}

/// The beginning of a reply, compared up to the end of the shorter one, as keepalived does it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reply {
    pub bytes: Vec<u8>,
    /// Bits that may be anything, a byte for each of `bytes`; empty where every bit counts.
    pub any: Vec<u8>,
}

impl Reply {
    /// A reply of hex digits, with `x` for any digit. A digit that has blanks around it is a byte. None: other letters, or
    /// nothing at all.
    pub fn parse(text: &str) -> Option<Self> {
        let mut reply = Self::default();
        let words = text.split([' ', '\t']).filter(|word| !word.is_empty());
        for pair in words.flat_map(|word| word.as_bytes().chunks(2)) {
            let (mut byte, mut any) = (0, 0);
            for letter in pair {
                let digit = char::from(*letter).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                let wild = matches!(letter, b'x' | b'X');
                if digit.is_none() && !wild {
                    return None;
                }
                byte = byte << 4 | digit.unwrap_or(0);
                any = any << 4 | if wild { 0xf } else { 0 };
            }
            reply.bytes.push(byte);
            reply.any.push(any);
        }
        if reply.any.iter().all(|any| *any == 0) {
            reply.any.clear();
        }
        (!reply.bytes.is_empty()).then_some(reply)
    }

    pub fn matches(&self, answer: &[u8]) -> bool {
        let any = self.any.iter().chain(std::iter::repeat(&0));
        self.bytes.iter().zip(any).zip(answer).all(|((byte, any), got)| (byte ^ got) & !any == 0)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let any = self.any.iter().chain(std::iter::repeat(&0));
        for (byte, any) in self.bytes.iter().zip(any) {
            for shift in [4, 0] {
                match any >> shift & 0xf {
                    0 => write!(f, "{:x}", byte >> shift & 0xf)?,
                    _ => f.write_str("x")?,
                }
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SmtpCheck {
    pub helo: String,
}

impl Default for SmtpCheck {
    fn default() -> Self {
        Self { helo: "smtpchecker.keepalived.org".to_owned() }
    }
}

/// `grpc.health.v1.Health/Check`; it must answer SERVING.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GrpcCheck {
    /// Empty asks for the server as a whole.
    pub service: String,
    /// The `:authority` sent; None is the address connected to.
    pub authority: Option<String>,
    pub tls: Option<Tls>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ScriptCheck {
    pub script: Script,
    /// Sets the weight by the exit status (`misc_dynamic`): 0 leaves it, 2 to 255 mean that minus 2, 1 is a failure.
    pub dynamic: bool,
}

/// A number in a file, as keepalived's `FILE_CHECK` reads it. No file, or none in it, is 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FileCheck {
    pub path: PathBuf,
    /// The factor of the number before it is added to the server's weight. 0: any number but 0 is a failure.
    pub weight: i32,
    /// The other sign; with a weight of 0: the number 0 is a failure.
    pub reverse: bool,
}

/// Daemons that know of BFD sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BfdSource {
    /// Whoever of the others is there, at its usual place.
    #[default]
    Any,
    /// FRR's `bfdd`, by its socket.
    Frr(PathBuf),
    /// BIRD, by its control socket.
    Bird(PathBuf),
    /// keepalived's BFD process, by the file that it writes on SIGUSR1.
    Keepalived(PathBuf),
}

impl BfdSource {
    pub const FRR: &str = "/run/frr/bfdd.vty";
    pub const BIRD: &str = "/run/bird/bird.ctl";
    pub const KEEPALIVED: &str = "/tmp/keepalived_bfd.data";
}

/// A notifying script that says nothing else has this long.
pub const USUAL_TIMEOUT: Duration = Duration::from_secs(60);

/// A program that is run without a shell. Ended with all its children at its timeout.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Script {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// For a check, the timeout of its schedule comes first.
    pub timeout: Option<Duration>,
    /// None runs it as the director's own user.
    pub user: Option<String>,
    pub group: Option<String>,
}

impl Script {
    pub const fn new(command: Vec<String>) -> Self {
        Self { command, timeout: None, user: None, group: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_types_are_known_by_name_and_number() {
        assert_eq!(DnsCheck::record_type_of("aaaa"), Some(28));
        assert_eq!(DnsCheck::record_type_of("TYPE65"), Some(65));
        assert_eq!(DnsCheck::record_type_of("TYPE"), None);
        assert_eq!(DnsCheck::record_type_of("TYPE70000"), None);
        assert_eq!(DnsCheck::record_type_of("nonsense"), None);
        assert_eq!(DnsCheck::default().record_type, 6);
    }

    #[test]
    fn replies_are_compared_from_their_beginning() {
        let ok = Reply::parse("6f6b01").unwrap();
        assert!(
            ok.matches(b"ok\x01") && ok.matches(b"ok\x01 and more") && ok.matches(b"ok") && ok.matches(b"")
        );
        assert!(!ok.matches(b"xxok\x01") && !ok.matches(b"OK"));
        let vague = Reply::parse("6X xb 1").unwrap();
        assert!(vague.matches(b"ok\x01") && vague.matches(b"a+\x01") && !vague.matches(b"ok\x11"));
        assert_eq!((ok.to_string(), vague.to_string()), ("6f6b01".to_owned(), "6xxb01".to_owned()));
        assert_eq!(Reply::parse("6g"), None);
        assert_eq!(Reply::parse(" "), None);
    }

    #[test]
    fn data_comes_out_as_it_went_in() {
        let mut url = HttpUrl::new("/healthz");
        url.status.push(StatusRange { first: 200, last: 204 });
        url.regex = Some(BodyRegex::new("ok"));
        let http = HttpCheck { urls: vec![url], tls: Some(Tls::default()), ..HttpCheck::default() };
        let kind = CheckKind::Http(http);
        assert_eq!(kind.name(), "https");
        let mut server = ServerHealth::new(Endpoint::new("10.0.0.1".parse().unwrap(), 80));
        server.checks = vec![Check::new(kind), Check::new(CheckKind::Ping)];
        let text = serde_json::to_string(&server).unwrap();
        assert_eq!(serde_json::from_str::<ServerHealth>(&text).unwrap(), server);
    }
}
