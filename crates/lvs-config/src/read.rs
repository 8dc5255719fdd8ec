//! From the text to what it means, with every rule that a command would meet later checked here.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::ops::{Range, RangeInclusive};

use toml::Spanned;

use super::check_schema::Sorry;
use super::error::Mistake;
use super::health_read::{ServerSide, ServiceSide, service_side};
use super::schema::{self, Address, AddressFamily, Flag, Forward};
use super::{BadQueues, Config, Declared, DirectorOptions, Queues, Watching, masquerade_net, port_range};
use ipvsadm::suggest;
use lvs::Time;
use lvs::director::{Command, CommandError, DaemonSpec, Director, Kernel, Settings, TimeoutSettings};
use lvs::service::{
    DeclaredService, Family, Forwarding, HandOn, Persistence, Protocol, SchedulerFlags, ServerSpec,
    ServiceKey, ServiceSpec, Tunnel,
};

pub(super) fn read(text: &str) -> Result<Config, Mistake> {
    let file: schema::File = toml::from_str(text)?;
    let trial = Director::new(Settings::default());
    let attempt =
        |at, command: &Command| trial.apply(command, Time::ZERO).map_err(|error| refused(at, &error));
    let mut declared = Declared { watching: watching(file.metrics, file.flow_log), ..Declared::default() };
    if let Some(timeouts) = file.timeouts {
        let schema::Timeouts { tcp, tcp_fin, udp } = *timeouts.get_ref();
        let wanted = TimeoutSettings { tcp, tcp_fin, udp };
        attempt(timeouts.span(), &Command::SetTimeouts(wanted))?;
        declared.timeouts = Some(wanted);
    }
    for (name, value) in file.sysctl {
        let at = value.span();
        let value = match value.into_inner() {
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(on) => u8::from(on).to_string(),
            toml::Value::String(text) => text,
            _ => return Err(Mistake::new(at, "a setting is a number, or text such as \"3 50\"")),
        };
        attempt(at, &Command::SetSysctl { name: name.clone(), value: value.clone() })?;
        declared.sysctls.insert(name, value);
    }
    for sync in file.sync {
        let at = sync.span();
        let daemon = daemon_spec(sync.into_inner())?;
        if declared.daemons.iter().any(|other| other.role == daemon.role) {
            return Err(Mistake::new(at, "there is one sync daemon of each role at most"));
        }
        declared.daemons.push(daemon);
    }
    for service in file.service {
        let at = service.span();
        let scheduler = service.get_ref().scheduler.as_ref().map(Spanned::span);
        let engine = service.get_ref().engine.as_ref().map(Spanned::span);
        let (spec, side, lines) = service_spec(service)?;
        trial.apply(&Command::AddService(spec.clone()), Time::ZERO).map_err(|error| {
            let value = match error {
                CommandError::NoSuchScheduler(_) => scheduler,
                CommandError::NoSuchEngine(_) => engine,
                _ => None,
            };
            refused(value.unwrap_or(at), &error)
        })?;
        let mut servers = Vec::with_capacity(lines.len());
        let mut checked = Vec::with_capacity(lines.len());
        for line in lines {
            let at = line.span();
            let (server, own) = server_spec(&spec.key, line)?;
            attempt(at, &Command::AddServer { service: spec.key, server: server.clone() })?;
            checked.push(side.server(&spec.key, &server, own)?);
            servers.push(server);
        }
        declared.health.extend(side.health(spec.key, checked));
        declared.services.push(DeclaredService { spec, servers });
    }
    Ok(Config { director: director_options(file.director)?, declared, notes: Vec::new() })
}

fn refused(at: Range<usize>, error: &CommandError) -> Mistake {
    Mistake::new(at, format!("{error}{}", suggest::for_refused(error)))
}

fn daemon_spec(given: schema::Sync) -> Result<DaemonSpec, Mistake> {
    let schema::Sync { role, interface, id, max_len, group, port, ttl } = given;
    if interface.get_ref().is_empty() || interface.get_ref().len() > 15 {
        return Err(Mistake::new(interface.span(), "the name of an interface has 1 to 15 letters"));
    }
    if let Some(group) = group.as_ref().filter(|group| !group.get_ref().is_multicast()) {
        return Err(Mistake::new(group.span(), format!("{} is no multicast address", group.get_ref())));
    }
    let (interface, group) = (interface.into_inner(), group.map(Spanned::into_inner));
    Ok(DaemonSpec { role, interface, sync_id: id.into(), max_len, group, port, ttl })
}

fn watching(metrics: schema::Metrics, flow_log: schema::FlowLog) -> Watching {
    Watching {
        metrics: metrics.listen,
        metrics_series: metrics.series,
        flow_log: flow_log.file,
        flow_begins: flow_log.begins,
        flow_rate: flow_log.rate.map(NonZeroU32::get),
    }
}

/// As many as the kernel's module takes.
fn ftp_ports(given: Spanned<Vec<u16>>) -> Result<[u16; 8], Mistake> {
    let mut ports = [0; 8];
    if given.get_ref().len() > ports.len() || given.get_ref().contains(&0) {
        return Err(Mistake::new(given.span(), "ftp_ports must be at most 8 ports, each 1 to 65535"));
    }
    for (place, port) in ports.iter_mut().zip(given.into_inner()) {
        *place = port;
    }
    Ok(ports)
}

fn laddr_ports(given: Spanned<String>) -> Result<RangeInclusive<u16>, Mistake> {
    port_range(given.get_ref()).map_err(|error| Mistake::new(given.span(), error))
}

fn queues(given: Spanned<schema::Queues>) -> Result<Queues, Mistake> {
    let queues = match given.get_ref() {
        schema::Queues::Count(count) => {
            u64::try_from(*count).map_err(|_| BadQueues).and_then(Queues::try_from)
        }
        schema::Queues::Word(word) => Some(Queues::Auto).filter(|_| word == "auto").ok_or(BadQueues),
    };
    queues.map_err(|error| Mistake::new(given.span(), error))
}

fn director_options(given: schema::Director) -> Result<DirectorOptions, Mistake> {
    if let Some(size) = given.conn_table_size.as_ref().filter(|size| !size.get_ref().is_power_of_two()) {
        return Err(Mistake::new(size.span(), "conn_table_size must be a power of two"));
    }
    let ftp_ports = given.ftp_ports.map(ftp_ports).transpose()?;
    let queues = given.queues.map(queues).transpose()?;
    let laddr_ports = given.laddr_ports.map(laddr_ports).transpose()?;
    let masquerade_nets = given
        .masquerade_nets
        .into_iter()
        .map(|net| masquerade_net(net.get_ref()).map_err(|error| Mistake::new(net.span(), error)));
    let masquerade_nets = masquerade_nets.collect::<Result<_, _>>()?;
    let kernel = given
        .kernel
        .map(|name| name.get_ref().parse::<Kernel>().map_err(|error| Mistake::new(name.span(), error)));
    let kernel = kernel.transpose()?;
    Ok(DirectorOptions {
        socket: given.socket,
        vip_nets: given.vip_nets,
        rs_nets: given.rs_nets,
        laddr_nets: given.laddr_nets,
        masquerade_nets,
        laddr_ports,
        hairpin: given.hairpin,
        mss_clamp: given.mss_clamp,
        claim_vips: given.claim_vips,
        tun_prefix: given.tun_prefix,
        queues,
        offload: given.offload,
        tunnel_offload: given.tunnel_offload,
        conn_table_size: given.conn_table_size.map(Spanned::into_inner),
        max_conns: given.max_conns.map(NonZeroUsize::get),
        ftp_ports,
        proc_dir: given.proc_dir,
        proc_sctp: given.proc_sctp,
        kernel,
        drop_alarm: given.drop_alarm.map(NonZeroU64::get),
        log: given.log,
        log_format: given.log_format,
    })
}

fn service_spec(
    service: Spanned<schema::Service>,
) -> Result<(ServiceSpec, ServiceSide, Vec<Spanned<schema::Server>>), Mistake> {
    let at = service.span();
    let mut given = service.into_inner();
    let key = match (&given.address, &given.mark) {
        (Some(address), None) => address_key(&given, address)?,
        (None, Some(mark)) => mark_key(&given, mark)?,
        (None, None) => return Err(Mistake::new(at, "a service needs an address or a mark")),
        (Some(_), Some(mark)) => {
            return Err(Mistake::new(mark.span(), "a service has an address or a mark, not both"));
        }
    };
    let scheduler =
        given.scheduler.take().map_or_else(|| schema::DEFAULT_SCHEDULER.to_owned(), Spanned::into_inner);
    let mut spec = ServiceSpec::new(key, &scheduler);
    for flag in &given.scheduler_flags {
        spec.scheduler_flags.0 |= match flag {
            Flag::One => SchedulerFlags::FLAG_1,
            Flag::Two => SchedulerFlags::FLAG_2,
            Flag::Three => SchedulerFlags::FLAG_3,
        }
        .0;
    }
    spec.one_packet = given.one_packet;
    if let Some(persistence) = given.persistence.take() {
        spec.persistence = Some(persistence_spec(key.family(), persistence.into_inner())?);
    }
    if let Some(engine) = given.engine.take() {
        if spec.persistence.is_none() {
            return Err(Mistake::new(
                engine.span(),
                "an engine works with persistence only: add `persistence = {}`",
            ));
        }
        spec.engine = Some(engine.into_inner());
    }
    spec.hand_on = match (given.proxy_protocol, given.toa.take().filter(|toa| *toa.get_ref())) {
        (Some(_), Some(toa)) => {
            return Err(Mistake::new(toa.span(), "give `proxy_protocol` or `toa`, not both"));
        }
        (Some(version), None) => Some(HandOn::Proxy(version)),
        (None, Some(_)) => Some(HandOn::Toa),
        (None, None) => None,
    };
    spec.rst_on_expire = given.rst_on_expire;
    let side = service_side(&mut given, |sorry| sorry_spec(&key, sorry))?;
    Ok((spec, side, given.server))
}

fn address_key(given: &schema::Service, address: &Spanned<Address>) -> Result<ServiceKey, Mistake> {
    if let Some(family) = &given.family {
        return Err(Mistake::new(family.span(), "family goes with mark; an address has its own"));
    }
    let protocol = given.protocol.as_ref().map_or(Protocol::Tcp, |protocol| *protocol.get_ref());
    let Address { addr, port } = *address.get_ref();
    let port = port.unwrap_or(0);
    if port == 0 && given.persistence.is_none() {
        return Err(Mistake::new(
            address.span(),
            "a service of all ports must be persistent: give a port, or add `persistence = {}`",
        ));
    }
    Ok(ServiceKey::Address { protocol, addr, port })
}

fn mark_key(given: &schema::Service, mark: &Spanned<u32>) -> Result<ServiceKey, Mistake> {
    if let Some(protocol) = &given.protocol {
        return Err(Mistake::new(protocol.span(), "protocol goes with address; a mark stands for all"));
    }
    if *mark.get_ref() == 0 {
        return Err(Mistake::new(mark.span(), "mark 0 is what unmarked packets carry: choose 1 or more"));
    }
    let family = match given.family.as_ref().map(Spanned::get_ref) {
        None | Some(AddressFamily::Ipv4) => Family::V4,
        Some(AddressFamily::Ipv6) => Family::V6,
    };
    Ok(ServiceKey::Mark { mark: *mark.get_ref(), family })
}

fn persistence_spec(family: Family, given: schema::Persistence) -> Result<Persistence, Mistake> {
    if *given.timeout.get_ref() == 0 {
        return Err(Mistake::new(
            given.timeout.span(),
            "the timeout of persistence must be 1 second or more",
        ));
    }
    let mask = match (given.netmask, given.prefix, family) {
        (None, None, family) => Persistence::host_mask(family),
        (Some(mask), None, Family::V4) => {
            let bits = mask.get_ref().to_bits();
            if bits == 0 || bits.leading_ones() + bits.trailing_zeros() != u32::BITS {
                return Err(Mistake::new(mask.span(), format!("{} is no netmask", mask.get_ref())));
            }
            bits
        }
        (Some(mask), _, Family::V6) => {
            return Err(Mistake::new(mask.span(), "IPv6 persistence takes `prefix`, not `netmask`"));
        }
        (None, Some(prefix), Family::V6) if (1..=128).contains(prefix.get_ref()) => *prefix.get_ref(),
        (None, Some(prefix), Family::V4) if (1..=32).contains(prefix.get_ref()) => {
            u32::MAX << (u32::BITS - prefix.get_ref())
        }
        (None, Some(prefix), family) => {
            let longest = if family == Family::V4 { 32 } else { 128 };
            return Err(Mistake::new(prefix.span(), format!("prefix must be 1 to {longest}")));
        }
        (Some(_), Some(prefix), Family::V4) => {
            return Err(Mistake::new(prefix.span(), "give `netmask` or `prefix`, not both"));
        }
    };
    Ok(Persistence { timeout: given.timeout.into_inner(), mask })
}

fn sorry_spec(key: &ServiceKey, given: &Sorry) -> Result<ServerSpec, Mistake> {
    let Address { addr, port } = *given.address.get_ref();
    let forwarding = match given.forward {
        Forward::Masq => Forwarding::Masq,
        Forward::FullNat => Forwarding::FullNat,
        Forward::Route => Forwarding::Route,
        Forward::Tunnel => Forwarding::Tunnel(Tunnel::default()),
    };
    let changes_port = matches!(given.forward, Forward::Masq | Forward::FullNat);
    if !changes_port && !key.is_mark() && port.is_some_and(|port| port != key.port()) {
        let what = "only forward = \"masq\" and \"fullnat\" can change the port: leave the port out";
        return Err(Mistake::new(given.address.span(), what));
    }
    Ok(ServerSpec::new(addr, port.unwrap_or(key.port()), forwarding))
}

fn server_spec(
    key: &ServiceKey,
    server: Spanned<schema::Server>,
) -> Result<(ServerSpec, ServerSide), Mistake> {
    let given = server.into_inner();
    let Address { addr, port } = *given.address.get_ref();
    if let Some(tunnel) = given.tunnel.as_ref().filter(|_| given.forward != Forward::Tunnel) {
        return Err(Mistake::new(tunnel.span(), "tunnel goes with forward = \"tunnel\""));
    }
    let changes_port = matches!(given.forward, Forward::Masq | Forward::FullNat);
    if !changes_port && !key.is_mark() && port.is_some_and(|port| port != key.port()) {
        return Err(Mistake::new(
            given.address.span(),
            "only forward = \"masq\" and \"fullnat\" can change the port: leave the port out",
        ));
    }
    let forwarding = match given.forward {
        Forward::Masq => Forwarding::Masq,
        Forward::FullNat => Forwarding::FullNat,
        Forward::Route => Forwarding::Route,
        Forward::Tunnel => Forwarding::Tunnel(given.tunnel.map_or_else(Tunnel::default, |tunnel| {
            let schema::Tunnel { kind, port, checksum } = tunnel.into_inner();
            Tunnel { kind, port, checksum }
        })),
    };
    let mut spec = ServerSpec::new(addr, port.unwrap_or(key.port()), forwarding);
    spec.weight = given.weight;
    (spec.upper_threshold, spec.lower_threshold) = (given.upper_threshold, given.lower_threshold);
    let side = ServerSide {
        check: given.check,
        on_failure: given.on_failure,
        slow_start: given.slow_start,
        notify_up: given.notify_up,
        notify_down: given.notify_down,
    };
    Ok((spec, side))
}
