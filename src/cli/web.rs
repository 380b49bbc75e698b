//! `atocore web`: serves the HTTP API and the page.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;

use super::oauth::OauthFlags;
use super::options::{Cli, Roots, actor_name};
use super::out;
use super::paths::path_parser;
use crate::app::person_access::PageAnnouncement;
use crate::app::store_handle::StoreHandle;
use crate::http::principal::AccessRules;
use crate::http::server::{listen_error, serve_connections};
use crate::http::state::WebState;
use crate::http::tls::TlsFiles;
use crate::model::{Error, Result, Role};
use crate::platform::raise_file_limit;

#[derive(Args)]
pub struct Web {
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8420")]
    listen: SocketAddr,
    /// The default project of requests
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// The person who decides on the page; the name of the user if omitted
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// Requests without credentials may do everything, on this machine only
    #[arg(long, conflicts_with = "behind_proxy")]
    open: bool,
    /// Accept connections from this proxy only, which has TLS; may be repeated
    #[arg(long, value_name = "IP", requires = "public_origin")]
    behind_proxy: Vec<IpAddr>,
    /// The address under which clients reach the server or its proxy, such as https://atocore.example.org
    #[arg(long, value_name = "URL")]
    public_origin: Option<String>,
    /// The certificate with its chain, in PEM, to serve TLS without a proxy
    #[arg(long, value_name = "FILE", requires_all = ["tls_key", "public_origin"],
          conflicts_with_all = ["behind_proxy", "open"], value_parser = path_parser())]
    tls_cert: Option<PathBuf>,
    /// The private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert", value_parser = path_parser())]
    tls_key: Option<PathBuf>,
    /// Maximum requests a second of one token, session or address; if omitted, 200 for a server that
    /// other machines reach, else any number
    #[arg(long, value_name = "NUMBER")]
    rate_limit: Option<NonZeroU32>,
    #[command(flatten)]
    roots: Roots,
    #[command(flatten)]
    oauth: OauthFlags,
}

/// The default of `--rate-limit` for other machines.
const RATE_LIMIT: Option<NonZeroU32> = NonZeroU32::new(200);

pub fn run(cli: &Cli, web: &Web) -> Result<ExitCode> {
    let person = actor_name(web.person.as_deref())?;
    let roots = web.roots.open()?;
    let tls = web.tls_cert.as_deref().zip(web.tls_key.as_deref());
    let tls = tls.map(|(chain, key)| TlsFiles::load(chain, key)).transpose()?;
    let (store, writer) = StoreHandle::start(cli.open()?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Error::Internal(format!("the runtime: {error}")))?;
    raise_file_limit();
    let outcome = runtime.block_on(async {
        let listening = TcpListener::bind(web.listen).await;
        let listener = listening.map_err(|error| listen_error(web.listen, &error))?;
        let address = listener.local_addr().map_err(|error| listen_error(web.listen, &error))?;
        let mut rules = access_rules(web, address)?;
        rules.issuer = web.oauth.load_issuer(&rules.origins)?.map(Arc::new);
        let origin = rules.origins.first().cloned().unwrap_or_default();
        let state = WebState::new(store, rules, &person, web.project.as_deref(), &roots)?;
        let _announcement = PageAnnouncement::publish(&cli.database_path()?, &origin);
        print_address(web, address, &origin, &state.sessions.make_link(&person)?);
        serve_connections(listener, tls, Arc::new(state)).await
    });
    drop(runtime);
    writer.join().map_err(|_| Error::Internal("the writing thread panicked".to_owned()))?;
    outcome.map(|()| ExitCode::SUCCESS)
}

/// Returns who gets in: without credentials only from this machine, and then to read and propose.
fn access_rules(web: &Web, address: SocketAddr) -> Result<AccessRules> {
    if let Some(origin) = &web.public_origin {
        let host = origin.strip_prefix("https://");
        let host = host.map(|host| host.trim_end_matches('/').to_ascii_lowercase());
        let host =
            host.filter(|host| !host.is_empty() && !host.contains('/')).ok_or_else(|| {
                let hint = "Give https:// and the host, such as https://atocore.example.org.";
                Error::invalid("--public-origin", format!("{origin:?} is none with TLS"), hint)
            })?;
        if web.behind_proxy.is_empty() && web.tls_cert.is_none() {
            let hint = "Add --behind-proxy IP, or --tls-cert FILE and --tls-key FILE.";
            return Err(Error::invalid("--public-origin", "nothing here has TLS", hint));
        }
        let proxies = web.behind_proxy.iter().map(IpAddr::to_canonical).collect();
        let origins = vec![origin.trim_end_matches('/').to_owned()];
        let rate_limit = web.rate_limit.or(RATE_LIMIT);
        return Ok(AccessRules {
            hosts: vec![host],
            origins,
            anonymous: None,
            proxies,
            issuer: None,
            rate_limit,
        });
    }
    if !address.ip().is_loopback() {
        return Err(Error::invalid(
            "--listen",
            format!("{} is not an address of this machine alone", address.ip()),
            "Listen on 127.0.0.1, or with TLS: --tls-cert, --tls-key and --public-origin, or behind a \
             proxy: --behind-proxy and --public-origin.",
        ));
    }
    let port = address.port();
    let names = ["127.0.0.1", "localhost", "[::1]"];
    let hosts: Vec<String> = names.iter().map(|name| format!("{name}:{port}")).collect();
    let mut origins: Vec<String> = hosts.iter().map(|host| format!("http://{host}")).collect();
    if address.is_ipv6() {
        origins.rotate_right(1);
    }
    let anonymous = Some(if web.open { Role::Admin } else { Role::Propose });
    let (proxies, rate_limit) = (Vec::new(), web.rate_limit);
    Ok(AccessRules { hosts, origins, anonymous, proxies, issuer: None, rate_limit })
}

fn print_address(web: &Web, address: SocketAddr, origin: &str, code: &str) {
    let scheme = if web.tls_cert.is_some() { "https" } else { "http" };
    out::print_line(format!("atocore listens on {scheme}://{address}"));
    if web.open {
        out::print_line("--open: every program on this machine may decide, without a token");
    }
    out::print_line(format!(
        "open this link once to decide on the page: {origin}/login?code={code}"
    ));
}
