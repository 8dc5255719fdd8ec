//! The question of a check over HTTP, and how TLS is spoken, from their keys and back.

use super::{Check, placed, set, shown, value};
use crate::error::Mistake;
use crate::schema::http::Url;
use lvs_health::spec::{CheckType, HttpCheck, HttpUrl, Tls};

impl Check {
    pub(super) fn http(&self) -> Result<HttpCheck, Mistake> {
        Ok(HttpCheck {
            urls: self.urls()?,
            version: value(&self.version).unwrap_or_default(),
            host: value(&self.host),
            tls: (*self.kind == CheckType::Https).then(|| self.tls()),
        })
    }

    fn urls(&self) -> Result<Vec<HttpUrl>, Mistake> {
        let at = self.kind.at();
        let says_one =
            self.path.is_some() || self.status.is_some() || self.digest.is_some() || self.regex.is_some();
        match &self.url {
            Some(urls) if says_one => Err(urls.wrong("give `url`, or `path` and its like, not both")),
            Some(urls) if urls.is_empty() => Err(urls.wrong("a list of at least one url")),
            Some(urls) => urls.iter().map(|url| url.clone().read(&at)).collect(),
            None if says_one => {
                let (status, digest, regex) = (self.status.clone(), self.digest.clone(), self.regex.clone());
                let path = value(&self.path).unwrap_or_else(|| "/".to_owned());
                Ok(vec![Url { path, host: None, status, digest, regex }.read(&at)?])
            }
            None => Ok(Vec::new()),
        }
    }

    pub(super) fn of_http(self, http: &HttpCheck) -> Self {
        let HttpCheck { urls, version, host, tls } = http;
        let common = Self { host: placed(host), version: set(*version), ..self.with_tls(tls.as_ref()) };
        match &urls[..] {
            [] => common,
            [url] if url.host.is_none() => {
                let Url { path, status, digest, regex, .. } = url.into();
                Self { path: Some(path.into()), status, digest, regex, ..common }
            }
            urls => Self { url: Some(urls.iter().map(Url::from).collect::<Vec<_>>().into()), ..common },
        }
    }

    pub(super) fn tls(&self) -> Tls {
        Tls {
            server_name: value(&self.server_name),
            no_sni: value(&self.sni) == Some(false),
            verify: value(&self.verify).unwrap_or(false),
            ca_file: value(&self.ca_file),
        }
    }

    pub(super) fn with_tls(self, tls: Option<&Tls>) -> Self {
        let Some(Tls { server_name, no_sni, verify, ca_file }) = tls else { return self };
        Self {
            server_name: placed(server_name),
            sni: no_sni.then(|| false.into()),
            verify: set(*verify),
            ca_file: ca_file.as_deref().map(shown),
            ..self
        }
    }
}
