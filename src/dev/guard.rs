//! Keeps other web sites away from a server that shows codes on purpose.
//!
//! A loopback address keeps strangers' machines out, not the pages that are open in the developer's
//! browser. A page whose domain is made to point at 127.0.0.1 sends its own name as `Host`; a page that
//! asks across sites names itself in `Origin`, and where it need not, the browser says in `Sec-Fetch-Site`
//! that it is another's.

use super::cors;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, ORIGIN, TRANSFER_ENCODING,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpResponse};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Where pages of an app on this machine may ask, and where the app's own server speaks for its users and may
/// pass their `Origin` on.
const AUTH_PATH: &str = "/neondb/auth/";
/// The same keys as below it.
const KEYS_PATH: &str = "/.well-known/jwks.json";
/// What the page loads: texts with their codes, and streams of which there are few.
const PAGES_OWN: &str = "/dev/";
/// Domains of a local network.
const PRIVATE_DOMAINS: [&str; 4] = [".localhost", ".local", ".internal", ".home.arpa"];
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether other machines of the network may come: their apps, their phones, containers beside this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Neighbours {
    /// The server is open to whoever reaches it.
    May,
    /// It listens to this machine alone.
    MayNot,
}

/// Status, code and sentence of a refusal.
type Refusal = (StatusCode, &'static str, &'static str);

const FOREIGN_HOST: Refusal =
    (StatusCode::FORBIDDEN, "FOREIGN_HOST", "Open this page as http://localhost or http://127.0.0.1");
const FOREIGN_ORIGIN: Refusal = (StatusCode::FORBIDDEN, "FOREIGN_ORIGIN", "Another site may not do this");
const JSON_ONLY: Refusal =
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, "JSON_ONLY", "Send JSON with content-type: application/json");

/// Passes on what comes from this machine's browser tabs and tools on their own behalf, and from an app's pages
/// to the auth routes.
pub(super) async fn own_requests_only(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let neighbours = request.app_data::<Data<Neighbours>>().map_or(Neighbours::MayNot, |data| ***data);
    let refused = refusal(neighbours, request.method(), request.path(), request.headers());
    if let Some((status, code, message)) = refused {
        let mut response = HttpResponse::build(status);
        let origin = request.headers().get(ORIGIN).cloned();
        let mut response = match status {
            StatusCode::UNSUPPORTED_MEDIA_TYPE if is_for_apps(request.path()) => {
                response.json(in_better_auths_words(request.headers()))
            }
            _ => response.json(json!({ "code": code, "message": message })),
        };
        // A page that may ask may also read what it did wrong.
        if is_for_apps(request.path()) && status != StatusCode::FORBIDDEN {
            cors::allow(origin.as_ref(), response.headers_mut());
        }
        return Ok(request.into_response(response));
    }
    if !is_for_apps(request.path()) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    if cors::is_preflight(request.method(), request.headers()) {
        let response = cors::preflight(request.headers());
        return Ok(request.into_response(response));
    }
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = next.call(request).await?.map_into_boxed_body();
    cors::allow(origin.as_ref(), response.headers_mut());
    Ok(response)
}

fn refusal(neighbours: Neighbours, method: &Method, path: &str, headers: &HeaderMap) -> Option<Refusal> {
    let is_near = |host: &str| match neighbours {
        Neighbours::May => is_nobodys_domain(host),
        Neighbours::MayNot => is_loopback(host),
    };
    let is_ours = |origin: &str| host_of(origin).is_some_and(is_near);
    let Some(host) = only(headers, HOST).filter(|host| is_near(host)) else {
        return Some(FOREIGN_HOST);
    };
    let own_origin = match only(headers, ORIGIN) {
        Some(origin) => {
            origin.strip_prefix("http://") == Some(host) || (is_for_apps(path) && is_ours(origin))
        }
        None => !headers.contains_key(ORIGIN),
    };
    if !own_origin || (path.starts_with(PAGES_OWN) && is_fetched_by_another_site(headers)) {
        return Some(FOREIGN_ORIGIN);
    }
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
    // An auth route does not look at what has no type, as Better Auth does not.
    let is_untyped = is_for_apps(path) && !headers.contains_key(CONTENT_TYPE);
    let may_pass = reads || is_json(headers) || is_empty(headers) || is_untyped;
    (!may_pass).then_some(JSON_ONLY)
}

fn is_for_apps(path: &str) -> bool {
    path.starts_with(AUTH_PATH) || path == KEYS_PATH
}

/// Host and port of an origin that a page can have.
fn host_of(origin: &str) -> Option<&str> {
    origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))
}

fn in_better_auths_words(headers: &HeaderMap) -> Value {
    let media_type = only(headers, CONTENT_TYPE).unwrap_or_default();
    let message = format!("Content-Type \"{media_type}\" is not allowed. Allowed types: application/json");
    json!({ "message": message, "code": "UNSUPPORTED_MEDIA_TYPE" })
}

/// A picture or a script asks without an `Origin`, and what it asks for need not be one. Tools, and browsers of
/// before 2023, say nothing.
fn is_fetched_by_another_site(headers: &HeaderMap) -> bool {
    headers.get_all(SEC_FETCH_SITE).any(|site| site != "same-origin" && site != "none")
}

fn is_json(headers: &HeaderMap) -> bool {
    only(headers, CONTENT_TYPE)
        .and_then(|value| value.split(';').next())
        .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
}

/// Whether nothing is sent, such as by an app's server that signs a user out.
fn is_empty(headers: &HeaderMap) -> bool {
    !headers.contains_key(CONTENT_TYPE)
        && !headers.contains_key(TRANSFER_ENCODING)
        && headers.get_all(CONTENT_LENGTH).all(|length| length == "0")
}

/// The header's value, if it is sent exactly once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name);
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(first)
}

/// Whether `host`, with or without a port, names this machine.
fn is_loopback(host: &str) -> bool {
    let name = without_port(host);
    // Nobody can have a domain below `localhost` (RFC 6761), and browsers look none up.
    name == "localhost"
        || name.ends_with(".localhost")
        || name == "[::1]"
        || name.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
}

/// Whether `host` is an address, or a name that a stranger cannot have made point here: one without a dot, or in a
/// domain that the public DNS has not (RFC 6761, RFC 6762, RFC 8375, and `.internal` by ICANN's word).
fn is_nobodys_domain(host: &str) -> bool {
    let name = without_port(host);
    let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_address = address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
        || name.parse::<Ipv4Addr>().is_ok();
    let is_name = |name: &str| {
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) && !name.is_empty()
    };
    let is_private =
        |name: &str| !name.contains('.') || PRIVATE_DOMAINS.iter().any(|domain| name.ends_with(domain));
    is_address || (is_name(&name) && is_private(&name))
}

fn without_port(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
