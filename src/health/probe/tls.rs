//! TLS with OpenSSL: without `verify` whatever any client would reach is reached, with it certificates and ciphers must be
//! good ones.

use std::net::IpAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::OnceLock;

use openssl::error::ErrorStack;
use openssl::ssl::{
    Ssl, SslContext, SslContextBuilder, SslMethod, SslOptions, SslRef, SslVerifyMode, SslVersion,
};
use openssl::x509::X509VerifyResult;
use openssl::x509::verify::X509CheckFlags;
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use super::ProbeError;
use lvs_health::spec::Tls;

/// Files in which distributions keep the authorities that they trust.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Everything that OpenSSL can, with keys, groups and signatures of any strength.
const ANY_CIPHER: &str = "DEFAULT:@SECLEVEL=0";

/// Forward secrecy and authenticated encryption, keys of at least 112 bits of strength.
const GOOD_CIPHERS: &str = "ECDHE+AESGCM:ECDHE+CHACHA20:@SECLEVEL=2";

/// `SSL_OP_LEGACY_SERVER_CONNECT`: servers from before RFC 5746, which the crate has no name for.
const LEGACY_SERVER: SslOptions = SslOptions::from_bits_retain(1 << 2);

/// Protocols of ALPN, each with its length in front (RFC 7301).
pub(super) const HTTP_1: &[u8] = b"\x08http/1.1";
pub(super) const HTTP_2: &[u8] = b"\x02h2";

/// Opens a session. `host`: what is asked for, which is also the name that is sent if the check gives no other.
pub(super) async fn start(
    tls: &Tls,
    stream: TcpStream,
    to: IpAddr,
    host: Option<&str>,
    protocols: &[u8],
) -> Result<SslStream<TcpStream>, ProbeError> {
    let name = tls.server_name.as_deref().or(host).map(bare_host);
    let session = session(tls, name, to, protocols)?;
    let mut stream = SslStream::new(session, stream).map_err(|error| failed(&error))?;
    let connected = Pin::new(&mut stream).connect().await;
    match connected {
        Ok(()) => Ok(stream),
        Err(error) => Err(refused(stream.ssl(), &error)),
    }
}

fn session(tls: &Tls, name: Option<&str>, to: IpAddr, protocols: &[u8]) -> Result<Ssl, ProbeError> {
    let context = if tls.verify { strict(tls.ca_file.as_deref())? } else { lax()?.clone() };
    configured(&context, tls, name, to, protocols).map_err(|error| failed(&error))
}

fn configured(
    context: &SslContext,
    tls: &Tls,
    name: Option<&str>,
    to: IpAddr,
    protocols: &[u8],
) -> Result<Ssl, ErrorStack> {
    let mut session = Ssl::new(context)?;
    session.set_alpn_protos(protocols)?;
    let addr = name.map_or(Some(to), |name| name.trim_matches(['[', ']']).parse().ok());
    if let Some(name) = name.filter(|_| addr.is_none() && !tls.no_sni) {
        session.set_hostname(name)?;
    }
    let expected = session.param_mut();
    // Names of a certificate stand in subjectAltName (RFC 9525).
    expected.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS | X509CheckFlags::NEVER_CHECK_SUBJECT);
    match (addr, name) {
        (Some(addr), _) => expected.set_ip(addr)?,
        (None, Some(name)) => expected.set_host(name)?,
        (None, None) => {}
    }
    Ok(session)
}

/// A host without its port.
fn bare_host(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Takes every certificate and key, as keepalived does: a check asks whether a server works, not who it is.
fn lax() -> Result<&'static SslContext, ProbeError> {
    static LAX: OnceLock<Result<SslContext, ErrorStack>> = OnceLock::new();
    let built = LAX.get_or_init(|| {
        let mut builder = builder()?;
        builder.set_security_level(0);
        builder.set_cipher_list(ANY_CIPHER)?;
        builder.set_min_proto_version(Some(SslVersion::TLS1))?;
        builder.set_options(LEGACY_SERVER);
        builder.set_verify(SslVerifyMode::NONE);
        Ok(builder.build())
    });
    built.as_ref().map_err(failed)
}

/// The authorities may have changed since the last round, so they are read for each.
fn strict(ca_file: Option<&Path>) -> Result<SslContext, ProbeError> {
    let found = BUNDLES.iter().map(Path::new).find(|path| path.exists());
    let path =
        ca_file.or(found).ok_or_else(|| ProbeError::Tls("no bundle of authorities: set ca_file".into()))?;
    let build = || {
        let mut builder = builder()?;
        builder.set_cipher_list(GOOD_CIPHERS)?;
        builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
        builder.set_verify(SslVerifyMode::PEER);
        builder.set_ca_file(path)?;
        Ok(builder.build())
    };
    build().map_err(|error: ErrorStack| ProbeError::Tls(format!("{}: {}", path.display(), reason(&error))))
}

fn builder() -> Result<SslContextBuilder, ErrorStack> {
    let mut builder = SslContextBuilder::new(SslMethod::tls_client())?;
    // A server that leaves without a farewell has answered all the same; its lengths say whether it was all.
    builder.set_options(SslOptions::IGNORE_UNEXPECTED_EOF);
    Ok(builder)
}

/// Why a session could not be opened.
fn refused(session: &SslRef, error: &openssl::ssl::Error) -> ProbeError {
    if let Some(lost) = error.io_error() {
        return ProbeError::Lost(std::io::Error::new(lost.kind(), lost.to_string()));
    }
    let verified = session.verify_result();
    match error.ssl_error() {
        Some(_) if verified != X509VerifyResult::OK => {
            ProbeError::Tls(format!("the certificate does not pass: {}", verified.error_string()))
        }
        Some(errors) => failed(errors),
        None => ProbeError::Tls("the server ended the connection".to_owned()),
    }
}

fn failed(error: &ErrorStack) -> ProbeError {
    ProbeError::Tls(reason(error))
}

/// The last of OpenSSL's errors, as people read it.
fn reason(error: &ErrorStack) -> String {
    let said = error.errors().iter().find_map(|error| error.reason());
    said.map_or_else(|| error.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_named_without_its_port() {
        for (host, name) in [("a.example:8443", "a.example"), ("a.example", "a.example"), ("::1", "::1")] {
            assert_eq!(bare_host(host), name);
        }
    }

    #[test]
    fn names_are_sent_and_addresses_are_not() {
        let sent = |tls: &Tls, name| {
            let session = configured(lax().unwrap(), tls, name, "10.0.0.1".parse().unwrap(), HTTP_1).unwrap();
            session.servername(openssl::ssl::NameType::HOST_NAME).map(str::to_owned)
        };
        let tls = Tls::default();
        assert_eq!(sent(&tls, Some("a.example")).as_deref(), Some("a.example"));
        assert_eq!(
            (sent(&tls, None), sent(&tls, Some("10.0.0.9")), sent(&tls, Some("[::1]"))),
            (None, None, None)
        );
        assert_eq!(sent(&Tls { no_sni: true, ..tls }, Some("a.example")), None);
    }
}
