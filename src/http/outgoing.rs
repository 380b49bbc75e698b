//! Requests to other servers.

use std::net::IpAddr;
use std::time::Duration;

use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::typestate::AgentScope;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Returns the settings of an agent: TLS by the roots of the operating system, no redirects, and no
/// proxy for a server on this machine.
pub fn configure_agent(local: bool) -> ConfigBuilder<AgentScope> {
    let roots = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .user_agent(concat!("atocore/", env!("CARGO_PKG_VERSION")))
        .tls_config(roots);
    if local { config.proxy(None) } else { config }
}

/// Whether a host is this machine, so that nobody between reads what is sent.
pub fn is_local(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}
