//! Whose certificate a database server may show, as [`Certificates`] says.
//!
//! Signatures are checked in every case: a server has to own the certificate that it shows.

use super::address::Certificates;
use crate::store::address::AddressFault;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::path::Path;
use std::sync::Arc;

/// The configuration for these certificates, where `trusted` is the one of the whole program.
pub(super) fn config(
    certificates: &Certificates,
    trusted: ClientConfig,
) -> Result<ClientConfig, AddressFault> {
    let provider = trusted.crypto_provider().clone();
    let file = match certificates {
        Certificates::Trusted => return Ok(trusted),
        Certificates::Any => None,
        Certificates::OfFile { path, names } => {
            let listed = read(path)?;
            let mut roots = RootCertStore::empty();
            if roots.add_parsable_certificates(listed.iter().cloned()).0 == 0 {
                return Err(no_certificate());
            }
            let chain =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
            Some(OfFile { chain: chain.map_err(|_| no_certificate())?, listed, names: *names })
        }
    };
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = builder.map_err(|_| no_certificate())?.dangerous();
    let verifier = AsLibpq { file, provider };
    Ok(builder.with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, AddressFault> {
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    certificates.map_err(|_| no_certificate())
}

fn no_certificate() -> AddressFault {
    let remedy = "set sslrootcert to a PEM file that this user can read, or to system";
    AddressFault::new("has an sslrootcert that names no file with certificates in it", remedy)
}

/// Believes what libpq believes.
#[derive(Debug)]
struct AsLibpq {
    /// `None` believes any certificate.
    file: Option<OfFile>,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug)]
struct OfFile {
    chain: Arc<WebPkiServerVerifier>,
    /// A server may show one of these itself, as one that signed its own does.
    listed: Vec<CertificateDer<'static>>,
    names: bool,
}

impl ServerCertVerifier for AsLibpq {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(OfFile { chain, listed, names }) = &self.file else {
            return Ok(ServerCertVerified::assertion());
        };
        if listed.contains(end_entity) {
            if *names {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            }
            return Ok(ServerCertVerified::assertion());
        }
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !names => Ok(ServerCertVerified::assertion()),
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
