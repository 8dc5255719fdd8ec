//! Subnets whose hosts are masqueraded, as they are written. Used by the command line and by the file.

use ipnet::IpNet;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNet {
    #[error("`{0}` is no subnet: write it as 192.168.56.0/24")]
    NotANet(String),
    #[error("`{0}` leaves nothing outside: name the subnet of the hosts that are to be masqueraded")]
    Everything(String),
}

/// # Errors
/// The text is no subnet, or stands for all addresses.
pub fn masquerade_net(text: &str) -> Result<IpNet, BadNet> {
    let net: IpNet = text.parse().map_err(|_| BadNet::NotANet(text.to_owned()))?;
    if net.prefix_len() == 0 { Err(BadNet::Everything(text.to_owned())) } else { Ok(net.trunc()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_an_outside_is_taken() {
        assert_eq!(masquerade_net("192.168.56.7/24"), Ok("192.168.56.0/24".parse().unwrap()));
        assert_eq!(masquerade_net("0.0.0.0/0"), Err(BadNet::Everything("0.0.0.0/0".to_owned())));
        assert_eq!(masquerade_net("192.168.56.0"), Err(BadNet::NotANet("192.168.56.0".to_owned())));
    }
}
