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
    refusal(Neighbours::MayNot, &method, path, request.to_http_request().headers())
        .map_or("passed", |(_, code, _)| code)
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
    for path in [dev, AUTH] {
        assert_eq!(code(Method::POST, path, &[LOCALHOST, ("content-length", "0")]), "passed");
        let form = [LOCALHOST, ("content-type", "text/plain"), ("content-length", "2")];
        assert_eq!(code(Method::POST, path, &form), "JSON_ONLY");
    }
    assert_eq!(code(Method::POST, dev, &[LOCALHOST, ("content-length", "2")]), "JSON_ONLY");
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
        for origin in
            ["http://evil.example", "https://localhost.evil.example", "null", "file://localhost", "localhost"]
        {
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
