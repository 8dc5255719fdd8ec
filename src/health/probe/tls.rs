//! TLS with rustls: certificates are looked at only where the check says so.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{self, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::ProbeError;
use crate::health::spec::Tls;

/// Where distributions keep the authorities that they trust.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Opens a session. `host`: what is asked for, which is also the name that is sent if the check gives no other.
pub(super) async fn start(
    tls: &Tls,
    stream: TcpStream,
    to: IpAddr,
    host: Option<&str>,
    protocols: &[&[u8]],
) -> Result<TlsStream<TcpStream>, ProbeError> {
    let mut config = config(tls)?;
    config.enable_sni = !tls.no_sni;
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let named = tls.server_name.as_deref().or(host).map(bare_host);
    let name = named.and_then(|name| ServerName::try_from(name.to_owned()).ok());
    let name = name.unwrap_or_else(|| ServerName::from(to));
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await.map_err(|error| ProbeError::Tls(error.to_string()))
}

/// A host without its port.
fn bare_host(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn config(tls: &Tls) -> Result<ClientConfig, ProbeError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| ProbeError::Tls(error.to_string()))?;
    Ok(if tls.verify {
        builder.with_root_certificates(roots(tls.ca_file.as_deref())?).with_no_client_auth()
    } else {
        let anybody = Arc::new(Anybody(provider));
        builder.dangerous().with_custom_certificate_verifier(anybody).with_no_client_auth()
    })
}

fn roots(file: Option<&Path>) -> Result<RootCertStore, ProbeError> {
    let found = BUNDLES.iter().map(Path::new).find(|path| path.exists());
    let path =
        file.or(found).ok_or_else(|| ProbeError::Tls("no bundle of authorities: set ca_file".into()))?;
    let wrong =
        |error: rustls::pki_types::pem::Error| ProbeError::Tls(format!("{}: {error}", path.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(wrong)? {
        // Bundles hold certificates of kinds that nobody uses any more.
        let _ = roots.add(certificate.map_err(wrong)?);
    }
    Ok(roots)
}

/// Takes every certificate, as keepalived does: a check asks whether a server works, not who it is. Signatures are
/// still proven, so that a broken server is noticed.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
