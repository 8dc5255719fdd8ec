//! Ends of connections as people type them: an address with a port, or the networks and ports to choose by.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use lvs::director::EndFilter;
use lvs::service::Endpoint;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum EndError {
    #[error("an address, network or port is wanted: 10.0.0.1, 10.0.0.0/24, 10.0.0.1:80, [fd00::1]:80 or :80")]
    Filter,
    #[error("an address and a port are wanted: 10.0.0.1:80 or [fd00::1]:80")]
    End,
}

/// `ADDRESS:PORT`, IPv6 in brackets.
pub(super) fn endpoint(text: &str) -> Result<Endpoint, EndError> {
    let (host, port) = split(text);
    match (host, port) {
        (Some(host), Some(port)) => Ok(Endpoint::new(
            host.parse().map_err(|_| EndError::End)?,
            port.parse().map_err(|_| EndError::End)?,
        )),
        _ => Err(EndError::End),
    }
}

/// An address or a network, a port, or both.
pub(super) fn filter(text: &str) -> Result<EndFilter, EndError> {
    let (host, port) = split(text);
    let net = match host {
        Some(host) => Some(network(host).ok_or(EndError::Filter)?),
        None => None,
    };
    let port = match port {
        Some(port) => Some(port.parse().map_err(|_| EndError::Filter)?),
        None => None,
    };
    if net.is_none() && port.is_none() { Err(EndError::Filter) } else { Ok(EndFilter { net, port }) }
}

fn network(text: &str) -> Option<IpNet> {
    IpNet::from_str(text).ok().or_else(|| IpAddr::from_str(text).ok().map(IpNet::from))
}

/// Splits off the port.
fn split(text: &str) -> (Option<&str>, Option<&str>) {
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return match rest.strip_prefix(':') {
            Some(port) => (Some(host), Some(port)),
            None if rest.is_empty() => (Some(host), None),
            None => (Some(text), None),
        };
    }
    match text.split_once(':') {
        Some(("", port)) if !port.contains(':') => (None, Some(port)),
        // One colon only: more of them are an IPv6 address.
        Some((host, port)) if !port.contains(':') => (Some(host), Some(port)),
        _ => (Some(text), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_filters_are_read_as_they_are_usually_written() {
        let written = |text| filter(text).map(|filter| (filter.net.map(|net| net.to_string()), filter.port));
        let net = |text: &str| Some(text.to_owned());
        assert_eq!(written("10.0.0.1"), Ok((net("10.0.0.1/32"), None)));
        assert_eq!(written("10.0.0.0/24:80"), Ok((net("10.0.0.0/24"), Some(80))));
        assert_eq!(written("10.0.0.1:80"), Ok((net("10.0.0.1/32"), Some(80))));
        assert_eq!(written(":443"), Ok((None, Some(443))));
        assert_eq!(written("fd00::1"), Ok((net("fd00::1/128"), None)));
        assert_eq!(written("::1"), Ok((net("::1/128"), None)));
        assert_eq!(written("[fd00::/16]:53"), Ok((net("fd00::/16"), Some(53))));
        assert_eq!(written("[fd00::1]"), Ok((net("fd00::1/128"), None)));
        for wrong in
            ["", ":", "10.0.0", "10.0.0.1:", "10.0.0.1:65536", "[fd00::1]80", "[::1", "name", "a:b:c"]
        {
            assert_eq!(written(wrong), Err(EndError::Filter), "{wrong}");
        }
        assert_eq!(endpoint("[fd00::1]:80").map(|end| end.to_string()), Ok("[fd00::1]:80".to_owned()));
        assert_eq!(endpoint("10.0.0.1:80").map(|end| end.to_string()), Ok("10.0.0.1:80".to_owned()));
        for wrong in ["10.0.0.1", "10.0.0.0/24:80", ":80", "fd00::1:80"] {
            assert_eq!(endpoint(wrong), Err(EndError::End), "{wrong}");
        }
    }
}
