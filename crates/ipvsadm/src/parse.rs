//! From words to what they ask for: reads the options in their order, with the complaints that each can raise.
//!
//! Order matters: `-r` takes the port of a `-t` before it, `-M` is read by the family known so far, `-6` must
//! follow `-f`. What the options mean together is [`convert`](super::convert)'s business.

use std::net::IpAddr;

use super::address::{parse_host_port, parse_v4};
use super::fail::Fail;
use super::line::{DEFAULT_INTERFACE, Line};
use super::names::Names;
use super::numbers::{at_start, in_range};
use super::options::{Action, Id, Opt, TABLE};
use super::own_options::OwnOption;
use super::popt::Popt;
use super::sched_flags;
use lvs::director::{DaemonRole, TimeoutSettings};
use lvs::service::{Family, Persistence, Protocol, TunnelKind};

/// `-p` alone. The manual says 300.
const DEFAULT_PERSISTENCE: u32 = 360;

/// 31 days in seconds.
const MAX_TIMEOUT: i64 = 31 * 86_400;

/// Longest name of a scheduler or an engine, and of an interface; what is longer is cut.
const MAX_NAME: usize = 15;

/// Reads a command line; the first word is the program's name.
///
/// # Errors
/// Whatever ipvsadm refuses in a single option, in the order of the options.
pub(super) fn parse(words: &[Vec<u8>], names: &dyn Names) -> Result<Line, Fail> {
    let mut popt = Popt::new(TABLE, words);
    let mut line = match popt.next_option() {
        Some(Ok((Id::Action(action), word))) => {
            let mut line = Line::new(action);
            line.daemon.role = role(action, word.as_deref())?;
            line
        }
        Some(Ok((Id::Help, _))) => return Err(Fail::Help),
        Some(Ok((Id::Version, _))) => return Err(Fail::Version),
        _ => return Err(Fail::TryHelp),
    };
    let mut flags = Vec::new();
    while let Some(found) = popt.next_option() {
        let (id, word) = found.map_err(|error| {
            let mut message = popt.current().to_vec();
            message.extend_from_slice(format!(": {error}").as_bytes());
            Fail::Options(message)
        })?;
        let word = word.as_deref();
        match id {
            Id::Service(protocol) => line.read_service(protocol, word.unwrap_or_default(), names)?,
            Id::Mark => line.read_mark(word.unwrap_or_default())?,
            Id::Method(method) => {
                line.once(Opt::Forwarding)?;
                line.server.method = method;
            }
            Id::Ipv6 => line.read_ipv6()?,
            Id::Sort => {}
            Id::Opt(option) => {
                line.once(option)?;
                if option == Opt::SchedFlags {
                    word.unwrap_or_default().clone_into(&mut flags);
                } else {
                    line.read(option, word, names)?;
                }
            }
            Id::Action(_) | Id::Help | Id::Version => {
                return Err(Fail::quoting("invalid option `", popt.current(), "'"));
            }
        }
    }
    let mut left_over = popt.left_over().into_iter();
    if line.action == Action::SetTimeouts {
        line.timeouts = read_timeouts(&mut left_over)?;
    }
    if let Some(word) = left_over.next() {
        return Err(Fail::quoting("unexpected argument ", word, ""));
    }
    line.service.scheduler_flags = sched_flags::parse(&line.service.scheduler, &flags)?;
    Ok(line)
}

fn role(action: Action, word: Option<&[u8]>) -> Result<DaemonRole, Fail> {
    match (action, word.unwrap_or_default()) {
        (Action::StartDaemon | Action::StopDaemon, b"backup") => Ok(DaemonRole::Backup),
        (Action::StartDaemon | Action::StopDaemon, b"master") => Ok(DaemonRole::Master),
        (Action::StartDaemon, _) => Err(Fail::usage("illegal start-daemon parameter specified")),
        (Action::StopDaemon, _) => Err(Fail::usage("illegal start_daemon specified")),
        _ => Ok(DaemonRole::Master),
    }
}

impl Line {
    fn once(&mut self, option: Opt) -> Result<(), Fail> {
        if self.options.insert(option) {
            Ok(())
        } else {
            Err(Fail::usage(format!("multiple '{}' options specified", option.name())))
        }
    }

    fn read_service(&mut self, protocol: Protocol, word: &[u8], names: &dyn Names) -> Result<(), Fail> {
        self.once(Opt::Service)?;
        let service = &mut self.service;
        service.protocol = Some(protocol);
        let said = parse_host_port(word, service.protocol, names)
            .ok_or_else(|| Fail::usage("illegal virtual server address[:port] specified"))?;
        service.addr = said.addr;
        service.port = said.port.unwrap_or(0);
        service.family = Family::of(&said.addr);
        if service.family == Family::V6 {
            service.netmask = Persistence::host_mask(Family::V6);
        }
        Ok(())
    }

    fn read_mark(&mut self, word: &[u8]) -> Result<(), Fail> {
        self.once(Opt::Service)?;
        let mark = number(word, 1, u32::MAX)
            .ok_or_else(|| Fail::quoting("invalid fwmark value `", word, "' specified"))?;
        self.service.mark = mark;
        self.service.protocol = Some(Protocol::Tcp);
        Ok(())
    }

    fn read_ipv6(&mut self) -> Result<(), Fail> {
        if self.service.mark == 0 {
            return Err(Fail::usage("-6 used before -f"));
        }
        self.service.family = Family::V6;
        self.service.netmask = Persistence::host_mask(Family::V6);
        Ok(())
    }

    fn read(&mut self, option: Opt, word: Option<&[u8]>, names: &dyn Names) -> Result<(), Fail> {
        let text = word.unwrap_or_default();
        let (service, server, daemon) = (&mut self.service, &mut self.server, &mut self.daemon);
        match option {
            Opt::Scheduler => service.scheduler = name(text),
            Opt::Persistent => {
                service.persistence = Some(match word {
                    None => DEFAULT_PERSISTENCE,
                    Some(text) => timeout(text, 1)?,
                });
            }
            Opt::Netmask => service.netmask = netmask(text, service.family, names)?,
            Opt::OnePacket => service.one_packet = true,
            Opt::Engine => service.engine = name(text),
            Opt::Server => {
                let said = parse_host_port(text, service.protocol, names)
                    .ok_or_else(|| Fail::usage("illegal real server address[:port] specified"))?;
                server.addr = said.addr;
                server.port = said.port.unwrap_or(service.port);
            }
            Opt::Weight => server.weight = number(text, 0, i32::MAX).ok_or_else(|| illegal("weight"))?,
            Opt::UpperThreshold => {
                server.upper_threshold = threshold(text).ok_or_else(|| illegal("u_threshold"))?;
            }
            Opt::LowerThreshold => {
                server.lower_threshold = threshold(text).ok_or_else(|| illegal("l_threshold"))?;
            }
            Opt::TunType => {
                server.tunnel = tunnel(text).ok_or_else(|| illegal("tunnel type"))?;
            }
            Opt::TunPort => {
                server.tunnel_port = number(text, 1, u16::MAX).ok_or_else(|| illegal("tunnel port"))?;
            }
            Opt::McastInterface if text.is_empty() => DEFAULT_INTERFACE.clone_into(&mut daemon.interface),
            Opt::McastInterface => daemon.interface = name(text),
            Opt::SyncId => daemon.sync_id = number(text, 0, 255).ok_or_else(|| illegal("syncid"))?,
            Opt::SyncMaxlen => {
                daemon.max_len = number(text, 1, 65_507).ok_or_else(|| illegal("sync-maxlen"))?;
            }
            Opt::McastGroup => daemon.group = Some(group(text)?),
            Opt::McastPort => {
                daemon.port = number(text, 1, u16::MAX).ok_or_else(|| illegal("mcast-port"))?;
            }
            Opt::McastTtl => daemon.ttl = number(text, 1, u8::MAX).ok_or_else(|| illegal("mcast-ttl"))?,
            option => {
                if let Some(own) = OwnOption::of(option) {
                    service.read_own(own, text)?;
                }
            }
        }
        Ok(())
    }
}

fn read_timeouts<'a>(words: &mut impl Iterator<Item = &'a [u8]>) -> Result<TimeoutSettings, Fail> {
    let (Some(tcp), Some(tcp_fin), Some(udp)) = (words.next(), words.next(), words.next()) else {
        return Err(Fail::usage("--set option requires 3 timeout values"));
    };
    Ok(TimeoutSettings { tcp: timeout(tcp, 0)?, tcp_fin: timeout(tcp_fin, 0)?, udp: timeout(udp, 0)? })
}

fn illegal(what: &str) -> Fail {
    Fail::usage(format!("illegal {what} specified"))
}

fn number<T>(text: &[u8], min: i64, max: T) -> Option<T>
where
    T: TryFrom<i64> + Into<i64>,
{
    in_range(text, min, max.into()).and_then(|number| T::try_from(number).ok())
}

fn threshold(text: &[u8]) -> Option<u32> {
    number(text, 0, i32::MAX).map(i32::unsigned_abs)
}

fn timeout(text: &[u8], min: i64) -> Result<u32, Fail> {
    in_range(text, min, MAX_TIMEOUT)
        .and_then(|seconds| u32::try_from(seconds).ok())
        .ok_or_else(|| Fail::quoting("invalid timeout value `", text, "' specified"))
}

fn netmask(text: &[u8], family: Family, names: &dyn Names) -> Result<u32, Fail> {
    match family {
        Family::V4 => parse_v4(text)
            .or_else(|| names.host_addr(text))
            .map(u32::from)
            .ok_or_else(|| Fail::usage("illegal virtual server persistent mask specified")),
        Family::V6 => u32::try_from(at_start(text))
            .ok()
            .filter(|prefix| (1..=128).contains(prefix))
            .ok_or_else(|| Fail::usage("illegal ipv6 netmask specified")),
    }
}

fn tunnel(text: &[u8]) -> Option<TunnelKind> {
    match text {
        b"ipip" => Some(TunnelKind::Ipip),
        b"gue" => Some(TunnelKind::Gue),
        b"gre" => Some(TunnelKind::Gre),
        _ => None,
    }
}

fn group(text: &[u8]) -> Result<IpAddr, Fail> {
    let family = if text.contains(&b':') { "IPv6" } else { "IPv4" };
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse::<IpAddr>().ok())
        .filter(IpAddr::is_multicast)
        .ok_or_else(|| Fail::quoting(&format!("invalid {family} mcast-group `"), text, "'"))
}

/// A name as it fits into the kernel's field. What is not UTF-8 is the name of nothing.
fn name(text: &[u8]) -> String {
    String::from_utf8_lossy(&text[..text.len().min(MAX_NAME)]).into_owned()
}
