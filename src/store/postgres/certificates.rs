//! Whose certificate a database server may show, as [`Certificates`] says.
//!
//! Signatures are checked in every case: a server has to own the certificate that it shows.

use super::address::Certificates;
use crate::store::address::AddressFault;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::path::Path;
use std::sync::Arc;

/// The configuration for these certificates, where `trusted` is the one of the whole program.
pub(super) fn config(
    certificates: &Certificates,
    trusted: ClientConfig,
) -> Result<ClientConfig, AddressFault> {
    let provider = trusted.crypto_provider().clone();
    let verifier = match certificates {
        Certificates::Trusted => return Ok(trusted),
        Certificates::Any => Lenient { chain: None, provider: provider.clone() },
        Certificates::OfFile { path, names } => {
            let roots = Arc::new(roots(path)?);
            let chain = WebPkiServerVerifier::builder_with_provider(roots.clone(), provider.clone()).build();
            let chain = chain.map_err(|_| no_certificate())?;
            if *names {
                let builder =
                    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
                let builder = builder.map_err(|_| no_certificate())?;
                return Ok(builder.with_root_certificates(roots).with_no_client_auth());
            }
            Lenient { chain: Some(chain), provider: provider.clone() }
        }
    };
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|_| no_certificate())?.dangerous();
    Ok(builder.with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

fn roots(path: &Path) -> Result<RootCertStore, AddressFault> {
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|_| no_certificate())?;
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 { Err(no_certificate()) } else { Ok(roots) }
}

fn no_certificate() -> AddressFault {
    let remedy = "set sslrootcert to a PEM file that this user can read, or to system";
    AddressFault::new("has an sslrootcert that names no file with certificates in it", remedy)
}

/// Believes what libpq believes for `sslmode=require` and `verify-ca`: any certificate, or any of the authorities
/// whatever its name.
#[derive(Debug)]
struct Lenient {
    chain: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
