//! Keeps other web sites away from a server that shows codes on purpose.
//!
//! A loopback address keeps strangers' machines out, not the pages that are open in the developer's
//! browser. A page whose domain is made to point at 127.0.0.1 sends its own name as `Host`; a page that
//! posts across sites names itself in `Origin`, or cannot send JSON without asking first.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, ORIGIN};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};
use serde_json::json;

/// Where an app's own server speaks for its users and may pass their `Origin` on.
const AUTH_PATH: &str = "/neondb/auth/";

/// Passes on what comes from this machine's browser tabs and tools on their own behalf.
pub(super) async fn own_requests_only(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match refusal(request.method(), request.path(), request.headers()) {
        None => Ok(next.call(request).await?.map_into_boxed_body()),
        Some((status, code, message)) => {
            let response = HttpResponse::build(status).json(json!({ "code": code, "message": message }));
            Ok(request.into_response(response))
        }
    }
}

fn refusal(
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Option<(StatusCode, &'static str, &'static str)> {
    let Some(host) = only(headers, HOST).filter(|host| is_loopback(host)) else {
        return Some((
            StatusCode::FORBIDDEN,
            "FOREIGN_HOST",
            "Open this page as http://localhost or http://127.0.0.1",
        ));
    };
    if method == Method::GET || method == Method::HEAD {
        return None;
    }
    let own_origin = match only(headers, ORIGIN).map(|origin| origin.strip_prefix("http://")) {
        Some(Some(origin)) => origin == host || (path.starts_with(AUTH_PATH) && is_loopback(origin)),
        Some(None) => false,
        None => !headers.contains_key(ORIGIN),
    };
    if !own_origin {
        return Some((StatusCode::FORBIDDEN, "FOREIGN_ORIGIN", "Another site may not do this"));
    }
    let is_json = only(headers, CONTENT_TYPE)
        .and_then(|value| value.split(';').next())
        .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"));
    (!is_json).then_some((
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "JSON_ONLY",
        "Send JSON with content-type: application/json",
    ))
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
    name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]"
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn code(method: Method, path: &str, headers: &[(&'static str, &'static str)]) -> &'static str {
        let mut request = TestRequest::default();
        for header in headers {
            request = request.append_header(*header);
        }
        refusal(&method, path, request.to_http_request().headers()).map_or("passed", |(_, code, _)| code)
    }

    #[test]
    fn a_domain_that_points_at_this_machine_is_refused() {
        for host in ["localhost", "LOCALHOST:8025", "127.0.0.1:8025", "[::1]:8025", "[::1]"] {
            assert_eq!(code(Method::GET, "/", &[("host", host)]), "passed", "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8025",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "0.0.0.0",
            "",
        ] {
            assert_eq!(code(Method::GET, "/", &[("host", host)]), "FOREIGN_HOST", "{host}");
        }
        assert_eq!(code(Method::GET, "/", &[]), "FOREIGN_HOST");
        assert_eq!(code(Method::GET, "/", &[("host", "localhost"), ("host", "a.example")]), "FOREIGN_HOST");
    }

    #[test]
    fn another_sites_page_cannot_post() {
        const HOST: (&str, &str) = ("host", "localhost:8025");
        const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");
        let dev = "/dev/events/send.otp";
        assert_eq!(code(Method::POST, dev, &[HOST, JSON]), "passed");
        assert_eq!(code(Method::POST, dev, &[HOST, JSON, ("origin", "http://localhost:8025")]), "passed");
        for origin in ["null", "https://evil.example", "http://evil.example", "http://localhost:3000"] {
            assert_eq!(
                code(Method::POST, dev, &[HOST, JSON, ("origin", origin)]),
                "FOREIGN_ORIGIN",
                "{origin}"
            );
        }
        for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
            assert_eq!(code(Method::POST, dev, &[HOST, ("content-type", media_type)]), "JSON_ONLY");
        }
        assert_eq!(code(Method::POST, dev, &[HOST]), "JSON_ONLY");
    }

    #[test]
    fn an_apps_own_server_may_pass_its_users_origin_on_to_the_auth_routes() {
        const SENT: [(&str, &str); 2] = [("host", "127.0.0.1:8025"), ("content-type", "application/json")];
        let post = |origin| {
            let headers = [SENT[0], SENT[1], ("origin", origin)];
            code(Method::POST, "/neondb/auth/phone-number/verify", &headers)
        };
        assert_eq!(post("http://localhost:3000"), "passed");
        assert_eq!(post("http://evil.example"), "FOREIGN_ORIGIN");
    }
}
