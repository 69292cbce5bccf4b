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
use actix_web::{Error, HttpResponse};
use serde_json::json;
use std::net::Ipv4Addr;

/// Where pages of an app on this machine may ask, and where the app's own server speaks for its users and may
/// pass their `Origin` on.
const AUTH_PATH: &str = "/neondb/auth/";
/// The same keys as below it.
const KEYS_PATH: &str = "/.well-known/jwks.json";
/// What the page loads: texts with their codes, and streams of which there are few.
const PAGES_OWN: &str = "/dev/";
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

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
    if let Some((status, code, message)) = refusal(request.method(), request.path(), request.headers()) {
        let response = HttpResponse::build(status).json(json!({ "code": code, "message": message }));
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

fn refusal(method: &Method, path: &str, headers: &HeaderMap) -> Option<Refusal> {
    let Some(host) = only(headers, HOST).filter(|host| is_loopback(host)) else {
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
    let may_pass = reads || is_json(headers) || (is_for_apps(path) && is_empty(headers));
    (!may_pass).then_some(JSON_ONLY)
}

fn is_for_apps(path: &str) -> bool {
    path.starts_with(AUTH_PATH) || path == KEYS_PATH
}

/// Whether `origin` is a page of this machine, on whatever port.
fn is_ours(origin: &str) -> bool {
    origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")).is_some_and(is_loopback)
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
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let name = name.to_ascii_lowercase();
    // Nobody can have a domain below `localhost` (RFC 6761), and browsers look none up.
    name == "localhost"
        || name.ends_with(".localhost")
        || name == "[::1]"
        || name.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    const AUTH: &str = "/neondb/auth/phone-number/verify";
    const LOCALHOST: (&str, &str) = ("host", "localhost:8025");
    const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");

    fn code(method: Method, path: &str, headers: &[(&'static str, &'static str)]) -> &'static str {
        let mut request = TestRequest::default();
        for header in headers {
            request = request.append_header(*header);
        }
        refusal(&method, path, request.to_http_request().headers()).map_or("passed", |(_, code, _)| code)
    }

    #[test]
    fn a_domain_that_points_at_this_machine_is_refused() {
        for host in [
            "localhost",
            "LOCALHOST:8025",
            "app.localhost:8025",
            "127.0.0.1:8025",
            "127.0.1.1",
            "[::1]:8025",
            "[::1]",
        ] {
            assert_eq!(code(Method::GET, "/", &[("host", host)]), "passed", "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8025",
            "localhost.evil.example",
            "evillocalhost",
            "127.0.0.1.evil.example",
            "0.0.0.0",
            "",
        ] {
            for path in ["/", AUTH, KEYS_PATH] {
                assert_eq!(code(Method::GET, path, &[("host", host)]), "FOREIGN_HOST", "{host}");
            }
        }
        assert_eq!(code(Method::GET, "/", &[]), "FOREIGN_HOST");
        assert_eq!(code(Method::GET, "/", &[("host", "localhost"), ("host", "a.example")]), "FOREIGN_HOST");
    }

    #[test]
    fn another_sites_page_cannot_post() {
        let dev = "/dev/events/send.otp";
        assert_eq!(code(Method::POST, dev, &[LOCALHOST, JSON]), "passed");
        let own = ("origin", "http://localhost:8025");
        assert_eq!(code(Method::POST, dev, &[LOCALHOST, JSON, own]), "passed");
        for origin in ["null", "https://evil.example", "http://evil.example", "http://localhost:3000"] {
            let headers = [LOCALHOST, JSON, ("origin", origin)];
            assert_eq!(code(Method::POST, dev, &headers), "FOREIGN_ORIGIN", "{origin}");
        }
        for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
            for path in [dev, AUTH] {
                let headers = [LOCALHOST, ("content-type", media_type)];
                assert_eq!(code(Method::POST, path, &headers), "JSON_ONLY");
            }
        }
        assert_eq!(code(Method::POST, dev, &[LOCALHOST]), "JSON_ONLY");
        assert_eq!(code(Method::POST, AUTH, &[LOCALHOST, ("content-length", "2")]), "JSON_ONLY");
        assert_eq!(code(Method::POST, AUTH, &[LOCALHOST, ("content-length", "0")]), "passed");
    }

    #[test]
    fn an_apps_pages_and_its_server_may_ask_the_auth_routes_and_no_other_site_may() {
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            let ask = |origin| code(method.clone(), AUTH, &[LOCALHOST, JSON, ("origin", origin)]);
            for origin in [
                "http://localhost:3000",
                "https://localhost:3000",
                "https://127.0.0.1",
                "http://[::1]:5173",
                "http://app.localhost:3000",
            ] {
                assert_eq!(ask(origin), "passed", "{method} {origin}");
            }
            for origin in [
                "http://evil.example",
                "https://localhost.evil.example",
                "null",
                "file://localhost",
                "localhost",
            ] {
                assert_eq!(ask(origin), "FOREIGN_ORIGIN", "{method} {origin}");
            }
        }
    }

    #[test]
    fn what_the_page_loads_is_for_the_page() {
        for (site, expected) in [
            ("same-origin", "passed"),
            ("none", "passed"),
            ("same-site", "FOREIGN_ORIGIN"),
            ("cross-site", "FOREIGN_ORIGIN"),
        ] {
            let headers = [LOCALHOST, ("sec-fetch-site", site)];
            assert_eq!(code(Method::GET, "/dev/stream", &headers), expected, "{site}");
            // A link on another site may lead to the page itself.
            assert_eq!(code(Method::GET, "/", &headers), "passed", "{site}");
        }
    }
}
