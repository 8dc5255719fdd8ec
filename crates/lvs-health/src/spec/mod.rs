//! Declared health of services and servers, as plain data.
//!
//! Complete enough for keepalived's checkers; `Default` gives the values that hold where nothing is said. Never
//! looks at a file or a network; made by the configuration, read by the checks.

mod check;
mod kinds;
mod programs;
mod script;
mod service;

pub use check::{Check, Schedule, Target};
pub use kinds::*;
pub use programs::{Program, programs};
pub use script::{Script, USUAL_TIMEOUT};
pub use service::{OnFailure, Passive, ServerHealth, ServiceHealth, ServicePolicy, SorryServer};

#[cfg(test)]
mod tests {
    use super::*;
    use lvs::service::Endpoint;

    #[test]
    fn data_comes_out_as_it_went_in() {
        let mut url = HttpUrl::new("/healthz");
        url.status.push(StatusRange { first: 200, last: 204 });
        url.regex = Some(BodyRegex::new("ok"));
        let http = HttpCheck { urls: vec![url], tls: Some(Tls::default()), ..HttpCheck::default() };
        let kind = CheckKind::Http(http);
        assert_eq!(kind.name(), "https");
        let mut server = ServerHealth::new(Endpoint::new("10.0.0.1".parse().unwrap(), 80));
        server.checks = vec![Check::new(kind), Check::new(CheckKind::Ping)];
        let text = serde_json::to_string(&server).unwrap();
        assert_eq!(serde_json::from_str::<ServerHealth>(&text).unwrap(), server);
    }
}
