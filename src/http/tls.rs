//! TLS of the server's own, from files.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::model::{Error, Result};

/// Reads a certificate chain and its key, both in PEM.
pub fn load_acceptor(certificates: &Path, key: &Path) -> Result<TlsAcceptor> {
    let unreadable = |option: &str, path: &Path, problem: String| {
        let hint = "Give files in PEM: the certificate with its chain, and its private key.";
        Error::invalid(option, format!("{}: {problem}", path.display()), hint)
    };
    let of_chain = |problem: String| unreadable("--tls-cert", certificates, problem);
    let chain = CertificateDer::pem_file_iter(certificates)
        .and_then(|found| found.collect::<std::result::Result<Vec<_>, _>>())
        .map_err(|error| of_chain(error.to_string()))?;
    if chain.is_empty() {
        return Err(of_chain("there is no certificate in it".to_owned()));
    }
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| unreadable("--tls-key", key, error.to_string()))?;
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Internal(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| unreadable("--tls-key", key, error.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
