//! Who asks: what Neon passes on about the user's browser.

use actix_web::HttpRequest;
use actix_web::http::header::USER_AGENT;
use std::net::{IpAddr, Ipv4Addr};

/// A longer name of a browser would only fill the event.
const USER_AGENT_CHARS: usize = 256;

/// The user's browser.
pub(in crate::dev) struct Caller {
    pub ip: IpAddr,
    pub user_agent: String,
}

impl Caller {
    pub fn of(request: &HttpRequest) -> Self {
        let user_agent = request.headers().get(USER_AGENT).and_then(|name| name.to_str().ok()).unwrap_or("");
        Self {
            ip: request.peer_addr().map_or(Ipv4Addr::UNSPECIFIED.into(), |address| address.ip()),
            user_agent: user_agent.chars().take(USER_AGENT_CHARS).collect(),
        }
    }
}
