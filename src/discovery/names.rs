//! Name servers, as a trait with a twin in memory.

use std::net::{IpAddr, SocketAddr};

use lvs_names::{Answer, LookupError, NameServers, Srv};

/// Somebody who can be asked for names.
pub trait Names: Send + Sync + 'static {
    /// All addresses of a name. `servers`: whom to ask; empty: as the host does.
    fn addrs(
        &self,
        servers: &[SocketAddr],
        name: &str,
        is_v6: bool,
    ) -> impl Future<Output = Result<Answer<IpAddr>, LookupError>> + Send;

    /// All hosts of a service.
    fn services(
        &self,
        servers: &[SocketAddr],
        name: &str,
    ) -> impl Future<Output = Result<Answer<Srv>, LookupError>> + Send;
}

/// The name servers of this host. Its `/etc/resolv.conf` is read with each question, since others change it.
#[derive(Debug, Default)]
pub struct HostNames;

fn whom(servers: &[SocketAddr]) -> Result<NameServers, LookupError> {
    NameServers::new(servers).map_err(|error| LookupError::Failed(error.to_string()))
}

impl Names for HostNames {
    async fn addrs(
        &self,
        servers: &[SocketAddr],
        name: &str,
        is_v6: bool,
    ) -> Result<Answer<IpAddr>, LookupError> {
        whom(servers)?.addrs(name, is_v6).await
    }

    async fn services(&self, servers: &[SocketAddr], name: &str) -> Result<Answer<Srv>, LookupError> {
        whom(servers)?.services(name).await
    }
}
