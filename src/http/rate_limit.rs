//! Limits how many requests a second one caller may send.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::{StatusCode, header};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::problem::Problem;

/// How often callers who have sent nothing lately are forgotten.
const INTERVAL: Duration = Duration::from_secs(60);

/// The limit of each caller, known by name or address.
pub struct RateLimits {
    limiter: Option<DefaultKeyedRateLimiter<String>>,
}

impl RateLimits {
    /// Allows so many requests a second, and as many at once; any number if `None`.
    pub fn new(per_second: Option<NonZeroU32>) -> Self {
        Self { limiter: per_second.map(|limit| RateLimiter::keyed(Quota::per_second(limit))) }
    }

    pub fn check(&self, caller: &str) -> Result<(), Problem> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        limiter.check_key(&caller.to_owned()).map_err(|early| {
            let wait = early.wait_time_from(DefaultClock::default().now());
            let hint = "Wait as many seconds as the header Retry-After says. The operator sets the limit \
                        with --rate-limit.";
            let detail = "this caller sends too many requests";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "busy", detail, hint)
                .with_header(header::RETRY_AFTER, (wait.as_secs() + 1).to_string())
        })
    }

    /// Forgets idle callers now and then, as long as the server runs.
    pub async fn run(&self) {
        loop {
            tokio::time::sleep(INTERVAL).await;
            if let Some(limiter) = &self.limiter {
                limiter.retain_recent();
                limiter.shrink_to_fit();
            }
        }
    }
}

/// Returns the name of a caller without credentials: the address, of which one machine with IPv6 has a
/// whole network (/64).
pub fn name_address(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}
