//! One question to name servers, and the servers that its answer tells of.

use std::net::IpAddr;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};

use super::names::Names;
use lvs::service::Family;
use lvs_discovery::found::{Found, Trouble};
use lvs_discovery::spec::Question;
use lvs_names::{Answer, LookupError, Srv};

/// Hosts of a service whose addresses are asked for, at most.
const MAX_HOSTS: usize = 1024;

/// Questions at once.
const AT_ONCE: usize = 8;

/// Servers, and how long that counts.
pub(super) type Outcome = Result<(Vec<Found>, Duration), Trouble>;

fn trouble(error: LookupError) -> Trouble {
    match error {
        LookupError::Nothing(why) => Trouble::Empty(why),
        LookupError::Failed(why) => Trouble::Failed(why),
    }
}

/// The addresses of a name.
pub(super) async fn addresses<N: Names>(names: &N, question: &Question) -> Outcome {
    let is_v6 = question.family == Family::V6;
    let answer = names.addrs(&question.servers, &question.name, is_v6).await.map_err(trouble)?;
    Ok((answer.records.into_iter().map(|addr| Found::at(addr, None)).collect(), answer.ttl))
}

/// The hosts of a service with the lowest priority, and the addresses of each. A host that nobody can tell of makes it a failure; one
/// without an address is left out.
pub(super) async fn services<N: Names>(names: &N, question: &Question) -> Outcome {
    let Answer { records, ttl } = names.services(&question.servers, &question.name).await.map_err(trouble)?;
    let first = records.iter().map(|srv| srv.priority).min();
    let wanted = records.into_iter().filter(|srv| Some(srv.priority) == first && srv.host != ".");
    let of_hosts: Vec<(Vec<Found>, Duration)> = stream::iter(wanted.take(MAX_HOSTS))
        .map(|srv| host(names, question, srv))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let ttl = of_hosts.iter().map(|(_, ttl)| *ttl).min().map_or(ttl, |least| least.min(ttl));
    let found: Vec<Found> = of_hosts.into_iter().flat_map(|(found, _)| found).collect();
    if found.is_empty() {
        return Err(Trouble::Empty(format!("no host of {} has an address", question.name)));
    }
    Ok((found, ttl))
}

async fn host<N: Names>(names: &N, question: &Question, srv: Srv) -> Outcome {
    let is_v6 = question.family == Family::V6;
    let beside: Vec<IpAddr> = srv.addrs.iter().copied().filter(|addr| addr.is_ipv6() == is_v6).collect();
    let (addrs, ttl) = if beside.is_empty() {
        match names.addrs(&question.servers, &srv.host, is_v6).await {
            Ok(answer) => (answer.records, answer.ttl),
            Err(LookupError::Nothing(_)) => (Vec::new(), Duration::MAX),
            Err(error) => return Err(trouble(error)),
        }
    } else {
        (beside, Duration::MAX)
    };
    // A weight of 0 means few clients (RFC 2782), not none.
    let weight = Some(i32::from(srv.weight.max(1)));
    let found = addrs.into_iter().map(|addr| Found { weight, ..Found::at(addr, Some(srv.port)) });
    Ok((found.collect(), ttl))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::net::SocketAddr;

    use super::*;
    use lvs_discovery::spec::Pace;

    /// Name servers in memory.
    #[derive(Default)]
    struct Twin {
        addrs: HashMap<String, Result<Answer<IpAddr>, LookupError>>,
        services: Vec<Srv>,
    }

    impl Names for Twin {
        async fn addrs(&self, _: &[SocketAddr], name: &str, _: bool) -> Result<Answer<IpAddr>, LookupError> {
            self.addrs
                .get(name)
                .cloned()
                .unwrap_or_else(|| Err(LookupError::Nothing(format!("{name}: none"))))
        }

        async fn services(&self, _: &[SocketAddr], name: &str) -> Result<Answer<Srv>, LookupError> {
            if self.services.is_empty() {
                return Err(LookupError::Nothing(name.to_owned()));
            }
            Ok(Answer { records: self.services.clone(), ttl: Duration::from_secs(30) })
        }
    }

    fn question() -> Question {
        let (name, servers) = ("_http._tcp.web".to_owned(), Vec::new());
        Question { name, family: Family::V4, servers, pace: Pace::default() }
    }

    fn srv(priority: u16, weight: u16, host: &str) -> Srv {
        Srv { priority, weight, port: 8080, host: host.to_owned(), addrs: Vec::new() }
    }

    fn addr(text: &str, ttl: u64) -> Result<Answer<IpAddr>, LookupError> {
        Ok(Answer { records: vec![text.parse().unwrap()], ttl: Duration::from_secs(ttl) })
    }

    #[tokio::test]
    async fn hosts_of_the_first_priority_serve_by_their_weights() {
        let mut twin =
            Twin { services: vec![srv(1, 0, "a."), srv(1, 60, "b."), srv(2, 5, "c.")], ..Twin::default() };
        twin.services[1].addrs = vec!["10.0.0.2".parse().unwrap(), "::2".parse().unwrap()];
        twin.addrs.insert("a.".to_owned(), addr("10.0.0.1", 7));
        let (found, ttl) = services(&twin, &question()).await.unwrap();
        let found: Vec<_> = found.iter().map(|one| (one.addr.to_string(), one.port, one.weight)).collect();
        let expected = [("10.0.0.1", Some(8080), Some(1)), ("10.0.0.2", Some(8080), Some(60))];
        assert_eq!(found, expected.map(|(addr, port, weight)| (addr.to_owned(), port, weight)));
        assert_eq!(ttl, Duration::from_secs(7));
    }

    #[tokio::test]
    async fn a_host_that_nobody_can_tell_of_is_a_failure_and_one_without_an_address_is_none() {
        let mut twin = Twin { services: vec![srv(1, 1, "a."), srv(1, 1, "b.")], ..Twin::default() };
        twin.addrs.insert("a.".to_owned(), addr("10.0.0.1", 7));
        assert_eq!(services(&twin, &question()).await.unwrap().0.len(), 1);
        twin.addrs.insert("b.".to_owned(), Err(LookupError::Failed("b. times out".to_owned())));
        assert_eq!(services(&twin, &question()).await, Err(Trouble::Failed("b. times out".to_owned())));
        twin.services = vec![srv(0, 0, ".")];
        assert!(matches!(services(&twin, &question()).await, Err(Trouble::Empty(_))));
        assert!(matches!(addresses(&twin, &question()).await, Err(Trouble::Empty(_))));
    }
}
