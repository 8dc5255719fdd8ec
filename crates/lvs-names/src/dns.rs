//! Name servers, as `/etc/resolv.conf` says: search domains, `ndots`, attempts and timeouts are hickory-resolver's, the order of
//! names and what counts as refused are glibc's.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use hickory_resolver::Resolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::{DnsError as Answered, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::system_conf::parse_resolv_conf;
use tokio::runtime::{Builder, Runtime};

use crate::connected::Connected;

#[derive(Debug, thiserror::Error)]
pub enum DnsError {
    #[error("cannot start to ask name servers")]
    Runtime(#[from] io::Error),
    #[error("there are no random numbers for questions to name servers (/dev/urandom): {0}")]
    Random(getrandom::Error),
    #[error("cannot use the name servers of /etc/resolv.conf")]
    Servers(#[from] NetError),
}

pub(crate) struct Dns {
    resolvers: Resolvers,
    runtime: Runtime,
}

impl Dns {
    /// Without a file, or without a server in it, the one on this host is asked.
    pub(crate) fn of(resolv_conf: &[u8]) -> Result<Self, DnsError> {
        // hickory-resolver panics without any.
        getrandom::fill(&mut [0]).map_err(DnsError::Random)?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (config, options) = settings(resolv_conf);
        let resolvers = {
            let _inside = runtime.enter();
            Resolvers::new(&config, &options)?
        };
        Ok(Self { resolvers, runtime })
    }

    fn ask(&self, name: &Name, kind: RecordType) -> Option<Lookup> {
        self.runtime.block_on(self.resolvers.ask(name, kind)).ok().flatten()
    }

    pub(crate) fn addr(&self, name: &str) -> Option<Ipv4Addr> {
        let found = self.ask(&asked(name)?, RecordType::A)?;
        found.answers().iter().find_map(|record| match &record.data {
            RData::A(addr) => Some(addr.0),
            _ => None,
        })
    }

    pub(crate) fn name(&self, addr: IpAddr) -> Option<String> {
        if addr.is_loopback() {
            return None;
        }
        let found = self.ask(&Name::from(addr), RecordType::PTR)?;
        let name = found.answers().iter().find_map(|record| match &record.data {
            RData::PTR(name) => Some(name.to_ascii()),
            _ => None,
        })?;
        let name = name.strip_suffix('.').unwrap_or(&name);
        is_host_name(name).then(|| name.to_owned())
    }
}

impl std::fmt::Debug for Dns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dns").finish_non_exhaustive()
    }
}

/// A name to ask for. The loopback's is known by `/etc/hosts` alone, which hickory-resolver would not look at for it.
fn asked(name: &str) -> Option<Name> {
    let name = Name::from_ascii(name).ok().filter(|_| is_host_name(name.trim_end_matches('.')))?;
    (!name.is_localhost()).then_some(name)
}

/// Whether glibc would hand on such a name (`__libc_res_hnok`): what others say is printed on terminals.
pub(crate) fn is_host_name(name: &str) -> bool {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.is_empty() && !name.starts_with('-') && name.bytes().all(is_fine)
}

/// All name servers at once, then, where there are several, each by itself: to hickory-resolver the first one's trouble (SERVFAIL, REFUSED)
/// is the answer, where glibc goes on to the next.
pub(crate) struct Resolvers(Vec<Resolver<Connected>>);

impl Resolvers {
    pub(crate) fn new(config: &ResolverConfig, options: &ResolverOpts) -> Result<Self, NetError> {
        let each = config.name_servers().iter().filter(|_| config.name_servers().len() > 1);
        let alone = each.map(|server| {
            let servers = vec![server.clone()];
            ResolverConfig::from_parts(config.domain().cloned(), config.search().to_vec(), servers)
        });
        let build = |config| {
            Resolver::builder_with_config(config, Connected::default()).with_options(options.clone()).build()
        };
        Ok(Self(std::iter::once(config.clone()).chain(alone).map(build).collect::<Result<_, _>>()?))
    }

    /// Records of that kind. None: there is nothing of it.
    pub(crate) async fn ask(&self, name: &Name, kind: RecordType) -> Result<Option<Lookup>, NetError> {
        let mut failure = NetError::NoConnections;
        for resolver in &self.0 {
            match resolver.lookup(name.clone(), kind).await {
                Ok(found) => {
                    let is_answer = found.answers().iter().any(|record| record.record_type() == kind);
                    return Ok(is_answer.then_some(found));
                }
                Err(error) if is_nothing(&error) => return Ok(None),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

/// Name servers say that there is nothing of that kind.
fn is_nothing(error: &NetError) -> bool {
    let NetError::Dns(Answered::NoRecordsFound(none)) = error else { return false };
    matches!(none.response_code, ResponseCode::NXDomain | ResponseCode::NoError)
}

pub(crate) fn settings(resolv_conf: &[u8]) -> (ResolverConfig, ResolverOpts) {
    let (config, mut options) = parse_resolv_conf(resolv_conf).unwrap_or_else(|_| {
        let servers = vec![NameServerConfig::udp_and_tcp(IpAddr::V4(Ipv4Addr::LOCALHOST))];
        (ResolverConfig::from_parts(None, Vec::new(), servers), ResolverOpts::default())
    });
    options.use_hosts_file = ResolveHosts::Never;
    // The domain, which may be the host's own, counts only where no search list stands.
    let search = match config.search() {
        [] => config.domain().cloned().into_iter().collect(),
        search => search.to_vec(),
    };
    (ResolverConfig::from_parts(None, search, config.name_servers().to_vec()), options)
}
