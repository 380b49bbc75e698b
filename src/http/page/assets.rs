//! The style sheet and the script, which are part of the program.

use axum::http::{HeaderName, header};

type Asset = ([(HeaderName, &'static str); 2], &'static str);

const CACHED: &str = "max-age=300";

pub async fn serve_style() -> Asset {
    let kind = (header::CONTENT_TYPE, "text/css; charset=utf-8");
    ([kind, (header::CACHE_CONTROL, CACHED)], include_str!("assets/style.css"))
}

pub async fn serve_script() -> Asset {
    let kind = (header::CONTENT_TYPE, "text/javascript; charset=utf-8");
    ([kind, (header::CACHE_CONTROL, CACHED)], include_str!("assets/page.js"))
}

pub async fn serve_icon() -> Asset {
    let kind = (header::CONTENT_TYPE, "image/svg+xml");
    ([kind, (header::CACHE_CONTROL, CACHED)], include_str!("assets/icon.svg"))
}
