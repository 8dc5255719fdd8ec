//! HTTP requests of checks, and the answers that they expect.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::placed::Placed;
use crate::error::Mistake;
use lvs_health::spec::{BodyRegex, HttpUrl, StatusRange};

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Url {
    pub(super) path: String,
    pub(super) host: Option<String>,
    pub(super) status: Option<Placed<Statuses>>,
    pub(super) digest: Option<Placed<String>>,
    pub(super) regex: Option<Placed<Regex>>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum Statuses {
    One(Status),
    Many(Vec<Status>),
}

/// 200, or "200-299".
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum Status {
    Code(u16),
    Range(String),
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum Regex {
    Pattern(String),
    Table(BodyRegex),
}

impl Url {
    /// `at`: where to complain of the path.
    pub(super) fn read(self, at: &Range<usize>) -> Result<HttpUrl, Mistake> {
        let Self { path, host, status, digest, regex } = self;
        if !path.starts_with('/') {
            return Err(Mistake::new(at.clone(), format!("the path {path:?} must begin with /")));
        }
        Ok(HttpUrl {
            path,
            host,
            status: status.map(statuses).transpose()?.unwrap_or_default(),
            digest: digest.map(|digest| md5(&digest)).transpose()?,
            regex: regex.map(pattern).transpose()?,
        })
    }
}

impl From<&HttpUrl> for Url {
    fn from(HttpUrl { path, host, status, digest, regex }: &HttpUrl) -> Self {
        let statuses = Statuses::Many(status.iter().map(Status::from).collect());
        Self {
            path: path.clone(),
            host: host.clone(),
            status: (!status.is_empty()).then(|| statuses.into()),
            digest: digest.map(|digest| hex(&digest).into()),
            regex: regex.as_ref().map(|regex| Regex::from(regex).into()),
        }
    }
}

fn statuses(given: Placed<Statuses>) -> Result<Vec<StatusRange>, Mistake> {
    let list = match &*given {
        Statuses::One(status) => std::slice::from_ref(status),
        Statuses::Many(list) => list,
    };
    let wrong = || given.wrong("a status is 100 to 599, or a range such as \"200-299\"");
    list.iter().map(|status| status.range().ok_or_else(wrong)).collect()
}

impl Status {
    fn range(&self) -> Option<StatusRange> {
        let (first, last) = match self {
            Self::Code(code) => (*code, *code),
            Self::Range(text) => {
                let (first, last) = text.split_once('-').unwrap_or((text, text));
                (first.trim().parse().ok()?, last.trim().parse().ok()?)
            }
        };
        (first >= 100 && last <= 599 && first <= last).then_some(StatusRange { first, last })
    }
}

impl From<&StatusRange> for Status {
    fn from(StatusRange { first, last }: &StatusRange) -> Self {
        if first == last { Self::Code(*first) } else { Self::Range(format!("{first}-{last}")) }
    }
}

fn md5(given: &Placed<String>) -> Result<[u8; 16], Mistake> {
    let value = u128::from_str_radix(given, 16).ok().filter(|_| given.len() == 32 && !given.starts_with('+'));
    value.map(u128::to_be_bytes).ok_or_else(|| given.wrong("a digest is an MD5 sum of 32 hex digits"))
}

fn pattern(given: Placed<Regex>) -> Result<BodyRegex, Mistake> {
    let at = given.at();
    let regex = match given.into_inner() {
        Regex::Pattern(pattern) => BodyRegex::new(&pattern),
        Regex::Table(regex) => regex,
    };
    match regex.trouble() {
        Some(why) => Err(Mistake::new(at, format!("`{}` is no pattern: {why}", regex.pattern))),
        None => Ok(regex),
    }
}

/// The largest offset that TOML has a number for.
const FARTHEST: usize = usize::MAX >> 1;

impl From<&BodyRegex> for Regex {
    fn from(regex: &BodyRegex) -> Self {
        let pattern = &regex.pattern;
        if *regex == BodyRegex::new(pattern) {
            return Self::Pattern(pattern.clone());
        }
        Self::Table(BodyRegex {
            min_offset: regex.min_offset.min(FARTHEST),
            max_offset: regex.max_offset.map(|most| most.min(FARTHEST)),
            ..regex.clone()
        })
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
