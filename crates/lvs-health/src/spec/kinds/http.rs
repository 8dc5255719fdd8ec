//! HTTP requests of a check, and the answers that it expects.

use pcre2::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::kind::Kind;
use lvs::service::Endpoint;

/// GET requests, one after the other; all must be answered as expected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HttpCheck {
    /// None asks for `/`.
    pub urls: Vec<HttpUrl>,
    pub version: HttpVersion,
    /// Value of the Host header where the URL does not say one; None is the address connected to.
    pub host: Option<String>,
    /// Plain HTTP without.
    pub tls: Option<Tls>,
}

impl Kind for HttpCheck {
    fn usual_port(&self) -> Option<u16> {
        Some(if self.tls.is_some() { 443 } else { 80 })
    }

    fn asked(&self, at: Endpoint) -> String {
        match self.urls.as_slice() {
            [] => format!("{at}/"),
            [url] => format!("{at}{}", url.path),
            [url, ..] => format!("{at}{} and {} more", url.path, self.urls.len() - 1),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum HttpVersion {
    #[serde(rename = "1.0")]
    Http10,
    #[default]
    #[serde(rename = "1.1")]
    Http11,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HttpUrl {
    pub path: String,
    /// Host header of this request (`virtualhost`).
    pub host: Option<String>,
    /// Empty takes 200 to 299.
    pub status: Vec<StatusRange>,
    /// MD5 of the body, as `genhash` prints it.
    pub digest: Option<[u8; 16]>,
    pub regex: Option<BodyRegex>,
}

impl HttpUrl {
    pub fn new(path: &str) -> Self {
        Self { path: path.to_owned(), host: None, status: Vec::new(), digest: None, regex: None }
    }
}

/// Both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StatusRange {
    pub first: u16,
    pub last: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyRegex {
    pub pattern: String,
    /// The body must not match (`regex_no_match`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub negate: bool,
    /// `regex_options`: caseless, multiline, dotall, extended.
    #[serde(default, skip_serializing_if = "is_default")]
    pub case_insensitive: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub multi_line: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub dot_matches_new_line: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub ignore_whitespace: bool,
    /// Bounds in the body where a match may begin and must have begun (`regex_min_offset`, `regex_max_offset`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub min_offset: usize,
    #[serde(default, skip_serializing_if = "is_default")]
    pub max_offset: Option<usize>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The most that a pattern may try on one body; without an end some patterns would never come to one.
const MATCH_LIMIT: &str = "(*LIMIT_MATCH=1000000)";

impl BodyRegex {
    /// # Errors
    /// The pattern is none.
    pub fn compile(&self) -> Result<Regex, pcre2::Error> {
        RegexBuilder::new()
            .caseless(self.case_insensitive)
            .multi_line(self.multi_line)
            .dotall(self.dot_matches_new_line)
            .extended(self.ignore_whitespace)
            // Letters beyond ASCII are letters, not bytes; what stands there in escapes is bytes.
            .utf(!self.pattern.is_ascii())
            .build(&format!("{MATCH_LIMIT}{}", self.pattern))
    }

    /// Why it cannot be used, in a few words.
    pub fn trouble(&self) -> Option<String> {
        let error = self.compile().err()?.to_string();
        let what = error.rsplit_once(": ").map_or(error.as_str(), |(_, what)| what);
        Some(what.to_owned())
    }

    pub fn new(pattern: &str) -> Self {
        Self {
            pattern: pattern.to_owned(),
            negate: false,
            case_insensitive: false,
            multi_line: false,
            dot_matches_new_line: false,
            ignore_whitespace: false,
            min_offset: 0,
            max_offset: None,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tls {
    /// Name sent to the server and looked for in its certificate; None is the host asked for, when that is a name.
    pub server_name: Option<String>,
    /// Send no name at all (keepalived without `enable_sni`).
    pub no_sni: bool,
    /// Whether the certificate must be good; keepalived takes any.
    pub verify: bool,
    /// PEM file of authorities to trust; None is the system's.
    pub ca_file: Option<std::path::PathBuf>,
}
