//! The services database, `/etc/services`: names and aliases of ports, by protocol. The first line wins.

use std::collections::HashMap;

#[derive(Debug, Default)]
pub struct Services {
    ports: HashMap<(Vec<u8>, String), u16>,
    names: HashMap<(u16, String), String>,
}

impl Services {
    /// Lines are `name port/protocol [alias...]`, with `#` comments; others are skipped.
    pub fn parse(text: &[u8]) -> Self {
        let mut services = Self::default();
        for line in text.split(|byte| *byte == b'\n') {
            services.take(line);
        }
        services
    }

    fn take(&mut self, line: &[u8]) {
        let line = line.split(|byte| *byte == b'#').next().unwrap_or_default();
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let (Some(name), Some(port)) = (words.next(), words.next()) else { return };
        let Some((port, protocol)) = std::str::from_utf8(port).ok().and_then(|port| port.split_once('/'))
        else {
            return;
        };
        let Ok(port) = port.parse::<u16>() else { return };
        for known in std::iter::once(name).chain(words) {
            self.ports.entry((known.to_vec(), protocol.to_owned())).or_insert(port);
        }
        let name = String::from_utf8_lossy(name).into_owned();
        self.names.entry((port, protocol.to_owned())).or_insert(name);
    }

    pub fn port(&self, name: &[u8], protocol: &str) -> Option<u16> {
        self.ports.get(&(name.to_vec(), protocol.to_owned())).copied()
    }

    pub fn name(&self, port: u16, protocol: &str) -> Option<&str> {
        self.names.get(&(port, protocol.to_owned())).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_aliases_and_comments_are_understood() {
        let services = Services::parse(
            b"# none 1/tcp\nhttp\t\t80/tcp\t\twww # web\ndomain 53/tcp\ndomain 53/udp\nweb 80/tcp\nbad line\nx 99999/tcp\n",
        );
        assert_eq!(services.port(b"www", "tcp"), Some(80));
        assert_eq!(services.port(b"web", "tcp"), Some(80));
        assert_eq!(services.name(80, "tcp"), Some("http"));
        assert_eq!(services.name(80, "udp"), None);
        assert_eq!(services.port(b"http", "udp"), None);
        assert_eq!(services.port(b"domain", "udp"), Some(53));
        assert_eq!(services.port(b"HTTP", "tcp"), None);
        assert_eq!(services.port(b"none", "tcp"), None);
    }
}
