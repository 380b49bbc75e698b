//! TLS of the server's own, from files, which are read again when they change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::model::{Error, Result};

/// How often the files are looked at.
const INTERVAL: Duration = Duration::from_secs(1);

/// A certificate chain and its key, both in PEM.
pub struct TlsFiles {
    chain: PathBuf,
    key: PathBuf,
    acceptor: RwLock<TlsAcceptor>,
}

impl TlsFiles {
    pub fn load(chain: &Path, key: &Path) -> Result<Self> {
        let acceptor = RwLock::new(load_acceptor(chain, key)?);
        Ok(Self { chain: chain.to_owned(), key: key.to_owned(), acceptor })
    }

    pub fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads a renewed certificate, as long as the server runs. Files that do not fit together yet change
    /// nothing.
    pub async fn run(&self) {
        let mut known = self.list_times();
        loop {
            tokio::time::sleep(INTERVAL).await;
            let times = self.list_times();
            if times == known {
                continue;
            }
            known = times;
            match load_acceptor(&self.chain, &self.key) {
                Ok(acceptor) => {
                    *self.acceptor.write().unwrap_or_else(PoisonError::into_inner) = acceptor;
                    tracing::info!("the certificate was read again");
                }
                Err(error) => tracing::warn!("the certificate stays as it was: {error}"),
            }
        }
    }

    fn list_times(&self) -> [Option<SystemTime>; 2] {
        [&self.chain, &self.key].map(|path| std::fs::metadata(path).ok()?.modified().ok())
    }
}

fn load_acceptor(chain: &Path, key: &Path) -> Result<TlsAcceptor> {
    let unreadable = |option: &str, path: &Path, problem: String| {
        let hint = "Give files in PEM: the certificate with its chain, and its private key.";
        Error::invalid(option, format!("{}: {problem}", path.display()), hint)
    };
    let of_chain = |problem: String| unreadable("--tls-cert", chain, problem);
    let certificates = CertificateDer::pem_file_iter(chain)
        .and_then(|found| found.collect::<std::result::Result<Vec<_>, _>>())
        .map_err(|error| of_chain(error.to_string()))?;
    if certificates.is_empty() {
        return Err(of_chain("there is no certificate in it".to_owned()));
    }
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| unreadable("--tls-key", key, error.to_string()))?;
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Internal(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(certificates, private)
        .map_err(|error| unreadable("--tls-key", key, error.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
