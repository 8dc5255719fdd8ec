//! Options of a service that the kernel's IPVS does not have: one row for each says how it is read and how it is written.
//!
//! Names are in [`options`], members of JSON in [`render`](super::render).

use super::fail::Fail;
use super::options::{self, Id, Opt, OptSet};
use lvs::service::{ClientAddrMode, ClientLimit, Family, ProxyVersion, ServiceSpec, SynDefence};

/// An option of a service that is ours alone.
#[derive(Debug)]
pub(super) struct OwnOption {
    pub option: Opt,
    /// Whether the word can be read only when all others are, since the family of the service matters.
    pub is_read_last: bool,
    /// Reads the word into the declaration.
    pub read: fn(&mut ServiceSpec, &[u8]) -> Result<(), Fail>,
    /// The word that declares the same again; empty where the option has none. None: the option is not needed.
    word: fn(&ServiceSpec) -> Option<String>,
}

/// All of them, in the order in which they are written.
pub(super) const OWN_OPTIONS: &[OwnOption] = &[
    OwnOption {
        option: Opt::ProxyProtocol,
        is_read_last: false,
        read: |spec, word| {
            spec.client_addr_mode = Some(ClientAddrMode::Proxy(proxy_version(word)?));
            Ok(())
        },
        word: |spec| match spec.client_addr_mode {
            Some(ClientAddrMode::Proxy(version)) => Some(version.name().to_owned()),
            Some(ClientAddrMode::Toa) | None => None,
        },
    },
    OwnOption {
        option: Opt::Toa,
        is_read_last: false,
        read: |spec, _| {
            spec.client_addr_mode = Some(ClientAddrMode::Toa);
            Ok(())
        },
        word: |spec| flag(spec.client_addr_mode == Some(ClientAddrMode::Toa)),
    },
    OwnOption {
        option: Opt::RstOnExpire,
        is_read_last: false,
        read: |spec, _| {
            spec.rst_on_expire = true;
            Ok(())
        },
        word: |spec| flag(spec.rst_on_expire),
    },
    OwnOption {
        option: Opt::Adopt,
        is_read_last: false,
        read: |spec, _| {
            spec.adopt = true;
            Ok(())
        },
        word: |spec| flag(spec.adopt),
    },
    OwnOption {
        option: Opt::SynDefence,
        is_read_last: false,
        read: |spec, word| {
            spec.syn_defence = Some(syn_defence(word)?);
            Ok(())
        },
        word: |spec| spec.syn_defence.map(|mode| mode.name().to_owned()),
    },
    OwnOption {
        option: Opt::ClientLimit,
        is_read_last: true,
        read: |spec, word| {
            let limit = client_limit(&String::from_utf8_lossy(word), spec.key.family())?;
            spec.client_limit = Some(limit);
            Ok(())
        },
        word: |spec| {
            let ClientLimit { rate, burst, conns, prefix } = spec.client_limit?;
            Some(format!("rate={rate},burst={burst},conns={conns},prefix={prefix}"))
        },
    },
    OwnOption {
        option: Opt::Allow,
        is_read_last: false,
        read: |spec, word| {
            spec.allow = Some(absolute(word)?);
            Ok(())
        },
        word: |spec| spec.allow.clone(),
    },
    OwnOption {
        option: Opt::Deny,
        is_read_last: false,
        read: |spec, word| {
            spec.deny = Some(absolute(word)?);
            Ok(())
        },
        word: |spec| spec.deny.clone(),
    },
];

impl OwnOption {
    pub(super) fn of(option: Opt) -> Option<&'static Self> {
        OWN_OPTIONS.iter().find(|own| own.option == option)
    }

    /// The option as it declares the same again, with a blank in front; empty if it is not needed.
    pub(super) fn text(&self, spec: &ServiceSpec) -> String {
        let Some(word) = (self.word)(spec) else { return String::new() };
        let name = options::spelling(Id::Opt(self.option)).unwrap_or_default();
        if word.is_empty() { format!(" {name}") } else { format!(" {name} {word}") }
    }
}

/// Adds all of them to a set.
pub(super) const fn and_own(mut others: OptSet) -> OptSet {
    let mut at = 0;
    while at < OWN_OPTIONS.len() {
        others.insert(OWN_OPTIONS[at].option);
        at += 1;
    }
    others
}

fn flag(is_on: bool) -> Option<String> {
    is_on.then(String::new)
}

fn proxy_version(text: &[u8]) -> Result<ProxyVersion, Fail> {
    match text {
        b"v1" => Ok(ProxyVersion::V1),
        b"v2" => Ok(ProxyVersion::V2),
        _ => Err(Fail::quoting("illegal proxy-protocol `", text, "' specified: v1 or v2")),
    }
}

fn syn_defence(text: &[u8]) -> Result<SynDefence, Fail> {
    let known = SynDefence::ALL.into_iter().find(|mode| mode.name().as_bytes() == text);
    known.ok_or_else(|| Fail::quoting("illegal syn-defence `", text, "' specified: auto, on or off"))
}

/// A path that the director can open, whatever its own directory is.
fn absolute(text: &[u8]) -> Result<String, Fail> {
    let path = std::str::from_utf8(text).ok().filter(|path| path.starts_with('/'));
    path.map(str::to_owned)
        .ok_or_else(|| Fail::quoting("illegal path `", text, "' specified: give a whole one"))
}

/// Limits as `rate=10,burst=20,conns=100,prefix=24`, some of them or all.
fn client_limit(text: &str, family: Family) -> Result<ClientLimit, Fail> {
    let illegal = || {
        let said = "' specified: rate=10,burst=20,conns=100,prefix=24, with a rate or a number";
        Fail::quoting("illegal client-limit `", text.as_bytes(), said)
    };
    let (mut numbers, mut prefix) = ([None; 3], None);
    for part in text.split(',') {
        let (name, value) = part.split_once('=').ok_or_else(illegal)?;
        match ["rate", "burst", "conns"].iter().position(|known| *known == name) {
            Some(at) => numbers[at] = Some(value.parse().map_err(|_| illegal())?),
            None if name == "prefix" => prefix = Some(value.parse().map_err(|_| illegal())?),
            None => return Err(illegal()),
        }
    }
    ClientLimit::new(numbers, prefix, family).ok_or_else(illegal)
}
