//! Who may be told what the branch is subscribed to.

use actix_web::HttpRequest;

/// What proxies and tunnels say about those who ask through them.
const FORWARDED: [&str; 6] =
    ["forwarded", "x-forwarded-for", "x-real-ip", "via", "cf-connecting-ip", "fly-client-ip"];

/// Whether somebody on this machine asks, and for themselves: a proxy on this machine asks for strangers. One that
/// adds no header of its own cannot be told from them.
pub(super) fn is_operator(request: &HttpRequest) -> bool {
    let near = request.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    near && !FORWARDED.iter().any(|header| request.headers().contains_key(*header))
}
