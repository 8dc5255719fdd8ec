//! Names as services are found by them: all addresses, or hosts and ports (SRV), and how long an answer counts.
//!
//! Nothing is kept: who asks decides when to ask again. A name that is known to have nothing is told apart from one that nobody could
//! tell of: with a search list, too, where one name server's silence must not pass for a no.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::{DnsError as Answered, NetError};
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use crate::dns::{DnsError, Resolvers, is_host_name, settings};

/// Aliases (CNAME) that are followed: hickory-resolver follows as many.
const MAX_ALIASES: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// Name servers say that there is nothing of that kind.
    #[error("{0}")]
    Nothing(String),
    #[error("{0}")]
    Failed(String),
}

/// Reason why nobody could tell of a name.
#[derive(Debug, thiserror::Error)]
enum FindError {
    #[error(transparent)]
    Net(#[from] NetError),
    #[error("more than {MAX_ALIASES} aliases, one behind the other")]
    Aliases,
}

/// Records, and how long they count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    pub records: Vec<T>,
    pub ttl: Duration,
}

/// A host and port of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srv {
    pub priority: u16,
    pub weight: u16,
    pub port: u16,
    pub host: String,
    /// Addresses that came along.
    pub addrs: Vec<IpAddr>,
}

/// Name servers that can be asked.
pub struct NameServers {
    resolvers: Resolvers,
    search: Vec<Name>,
    ndots: usize,
}

impl NameServers {
    /// Name servers of this host's `/etc/resolv.conf`, or these.
    ///
    /// # Errors
    /// No random numbers, or servers that cannot be used.
    pub fn new(servers: &[SocketAddr]) -> Result<Self, DnsError> {
        getrandom::fill(&mut [0]).map_err(DnsError::Random)?;
        let (config, mut options) = if servers.is_empty() {
            settings(&std::fs::read("/etc/resolv.conf").unwrap_or_default())
        } else {
            let servers = servers.iter().map(name_server).collect();
            let (_, options) = settings(b"");
            (ResolverConfig::from_parts(None, Vec::new(), servers), options)
        };
        options.cache_size = 0;
        let (search, ndots) = (config.search().to_vec(), options.ndots);
        let config = ResolverConfig::from_parts(None, Vec::new(), config.name_servers().to_vec());
        options.ndots = 0;
        Ok(Self { resolvers: Resolvers::new(&config, &options)?, search, ndots })
    }

    /// All addresses of a name, of IPv4 or of IPv6.
    ///
    /// # Errors
    /// The name has none, or nobody says so.
    pub async fn addrs(&self, name: &str, is_v6: bool) -> Result<Answer<IpAddr>, LookupError> {
        let kind = if is_v6 { RecordType::AAAA } else { RecordType::A };
        let (found, ttl) = self.find(name, kind).await?;
        let records = found.answers().iter().filter_map(|record| addr(&record.data));
        Ok(Answer { records: records.collect(), ttl })
    }

    /// All hosts of a service.
    ///
    /// # Errors
    /// The name has none, or nobody says so.
    pub async fn services(&self, name: &str) -> Result<Answer<Srv>, LookupError> {
        let (found, ttl) = self.find(name, RecordType::SRV).await?;
        let records = found.answers().iter().filter_map(|record| match &record.data {
            RData::SRV(srv) => {
                let beside = found.additionals().iter().filter(|beside| beside.name == srv.target);
                Some(Srv {
                    priority: srv.priority,
                    weight: srv.weight,
                    port: srv.port,
                    host: srv.target.to_ascii(),
                    addrs: beside.filter_map(|beside| addr(&beside.data)).collect(),
                })
            }
            _ => None,
        });
        Ok(Answer { records: records.collect(), ttl })
    }

    /// Records, and how long they count.
    async fn find(&self, name: &str, kind: RecordType) -> Result<(Lookup, Duration), LookupError> {
        let nothing = || LookupError::Nothing(format!("{name} has no {kind} record"));
        let mut failed = None;
        for whole in self.whole(name) {
            match self.find_whole(&whole, kind).await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(error) => failed = Some(LookupError::Failed(said(name, kind, &error))),
            }
        }
        Err(failed.unwrap_or_else(nothing))
    }

    /// None: there is nothing of that kind.
    async fn find_whole(
        &self,
        name: &Name,
        kind: RecordType,
    ) -> Result<Option<(Lookup, Duration)>, FindError> {
        if let Some(found) = self.resolvers.ask(name, kind).await? {
            let ttl = ttl(&found);
            return Ok(Some((found, ttl)));
        }
        // hickory-resolver says "nothing", too, when aliases go round in circles and when services stand behind an alias.
        match self.end_of_aliases(name).await? {
            Some((end, alias_ttl)) if kind == RecordType::SRV => {
                let found = self.resolvers.ask(&end, kind).await?;
                Ok(found.map(|found| {
                    let ttl = alias_ttl.min(ttl(&found));
                    (found, ttl)
                }))
            }
            _ => Ok(None),
        }
    }

    /// The name that a name stands for in the end, and for how long. None: it is no alias.
    async fn end_of_aliases(&self, name: &Name) -> Result<Option<(Name, Duration)>, FindError> {
        let mut end: Option<(Name, Duration)> = None;
        for _ in 0..MAX_ALIASES {
            let at = end.as_ref().map_or(name, |(target, _)| target);
            let Some(found) = self.resolvers.ask(at, RecordType::CNAME).await? else { return Ok(end) };
            let target = found.answers().iter().find_map(|record| match &record.data {
                RData::CNAME(target) => Some(target.0.clone()),
                _ => None,
            });
            let Some(target) = target else { return Ok(end) };
            let ttl = end.map_or(Duration::MAX, |(_, ttl)| ttl).min(ttl(&found));
            end = Some((target, ttl));
        }
        Err(FindError::Aliases)
    }

    /// The names that a name may stand for, in glibc's order.
    fn whole(&self, name: &str) -> Vec<Name> {
        let Some(asked) = Name::from_ascii(name).ok().filter(|_| is_host_name(name.trim_end_matches('.')))
        else {
            return Vec::new();
        };
        if asked.is_fqdn() {
            return vec![asked];
        }
        let is_first = usize::from(asked.num_labels()).saturating_sub(1) >= self.ndots;
        let mut itself = asked.clone();
        itself.set_fqdn(true);
        let searched = self.search.iter().filter_map(|domain| asked.clone().append_domain(domain).ok());
        let mut names: Vec<Name> = searched.collect();
        names.insert(if is_first { 0 } else { names.len() }, itself);
        names
    }
}

impl std::fmt::Debug for NameServers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NameServers").finish_non_exhaustive()
    }
}

fn name_server(server: &SocketAddr) -> NameServerConfig {
    let mut config = NameServerConfig::udp_and_tcp(server.ip());
    config.connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()]
        .map(|mut way| {
            way.port = server.port();
            way
        })
        .into();
    config
}

const fn addr(data: &RData) -> Option<IpAddr> {
    match data {
        RData::A(addr) => Some(IpAddr::V4(addr.0)),
        RData::AAAA(addr) => Some(IpAddr::V6(addr.0)),
        _ => None,
    }
}

/// The shortest time of the answer, its aliases among them.
fn ttl(found: &Lookup) -> Duration {
    let shortest = found.answers().iter().map(|record| record.ttl).min();
    Duration::from_secs(u64::from(shortest.unwrap_or(0)))
}

fn said(name: &str, kind: RecordType, error: &FindError) -> String {
    match error {
        FindError::Net(NetError::Dns(Answered::ResponseCode(code))) => {
            format!("{kind} of {name}: the name server says {code}")
        }
        error => format!("{kind} of {name}: {error}"),
    }
}

#[cfg(test)]
mod tests;
