//! Who may come in: whoever has the token, from a browser that was pointed here and by no other site.
//!
//! A page whose domain is made to point at this address sends its own name as `Host`. A form of another site lacks the
//! cookie, since that is `SameSite=Strict`, and could not know what is written into our own forms.

use super::problem::Problem;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, HeaderMap, HeaderName, LOCATION, REFERRER_POLICY,
    SET_COOKIE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::middleware::{DefaultHeaders, Next};
use actix_web::web::Data;
use actix_web::{Error, HttpResponse, ResponseError};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use std::net::{IpAddr, SocketAddr};
use uuid::Uuid;

/// Scripts, styles and pictures of our own, and nothing of anybody else's.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What opens the door. All of it is new with each start.
pub(super) struct Door {
    address: SocketAddr,
    token: String,
    session: String,
    form_token: String,
}

impl Door {
    /// The door of a server that listens here.
    pub fn new(address: SocketAddr) -> Self {
        let random = || format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        Self { address, token: random(), session: random(), form_token: random() }
    }

    /// What the URL has to carry at first.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What each form has to carry.
    pub fn form_token(&self) -> &str {
        &self.form_token
    }

    /// Whether a form is one of ours.
    pub fn made(&self, form_token: &str) -> bool {
        are_equal(form_token, &self.form_token)
    }

    /// Browsers send a cookie to every port of a host.
    fn cookie_name(&self) -> String {
        format!("studio-{}", self.address.port())
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        let name = self.cookie_name();
        let sent = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
        let mut pairs =
            sent.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(sent, value)| sent == name && are_equal(value, &self.session))
    }

    /// Whether a `Host` is this machine's, by whatever port: it may be a tunnel's. An address in figures is nobody's
    /// domain, and counts where other machines may come.
    fn is_own(&self, host: &str) -> bool {
        let name = without_port(host).to_ascii_lowercase();
        let figures = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&name);
        match figures.parse::<IpAddr>() {
            Ok(address) => address.is_loopback() || !self.address.ip().is_loopback(),
            Err(_) => name == "localhost" || name.ends_with(".localhost"),
        }
    }

    fn welcome(&self) -> HttpResponse {
        let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie_name(), self.session);
        HttpResponse::SeeOther().insert_header((SET_COOKIE, cookie)).insert_header((LOCATION, "/")).finish()
    }
}

fn are_equal(given: &str, ours: &str) -> bool {
    verify_slices_are_equal(given.as_bytes(), ours.as_bytes()).is_ok()
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    }
}

/// What every answer carries.
pub(super) fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((CACHE_CONTROL, "no-store"))
        .add((CONTENT_SECURITY_POLICY, POLICY))
        .add((REFERRER_POLICY, "no-referrer"))
        .add((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((X_FRAME_OPTIONS, "DENY"))
        .add(("Cross-Origin-Opener-Policy", "same-origin"))
        .add(("Cross-Origin-Resource-Policy", "same-origin"))
}

/// Lets in whoever may come in.
pub(super) async fn guarded(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(door) = request.app_data::<Data<Door>>().cloned() else {
        return Ok(request.into_response(Problem::Denied.error_response()));
    };
    let response = match refused_or_welcomed(&door, &request) {
        Some(response) => response,
        None => return Ok(next.call(request).await?.map_into_boxed_body()),
    };
    Ok(request.into_response(response))
}

fn refused_or_welcomed(door: &Door, request: &ServiceRequest) -> Option<HttpResponse> {
    let is_own = only(request.headers(), HOST).is_some_and(|host| door.is_own(host));
    if !is_own {
        return Some(Problem::ForeignHost.error_response());
    }
    if request.headers().get_all(SEC_FETCH_SITE).any(|site| site == "cross-site" || site == "same-site")
        && !request.method().is_safe()
    {
        return Some(Problem::ForeignForm.error_response());
    }
    if let Some(token) = request.query_string().strip_prefix("token=").filter(|_| request.path() == "/") {
        let welcome = are_equal(token, &door.token);
        return Some(if welcome { door.welcome() } else { Problem::Denied.error_response() });
    }
    // What the refusal looks like is no secret.
    let is_public = ["/style.css", "/icon.svg"].contains(&request.path());
    (!is_public && !door.knows(request.headers())).then(|| Problem::Denied.error_response())
}

/// The header's value, if it is sent exactly once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name);
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_ours_by_its_name_whatever_its_port() {
        let near = Door::new(([127, 0, 0, 1], 8030).into());
        for own in ["127.0.0.1:8030", "localhost:9000", "LOCALHOST", "[::1]:8030", "studio.localhost"] {
            assert!(near.is_own(own), "{own}");
        }
        for foreign in
            ["evil.example", "127.0.0.1.evil.example:8030", "localhost.evil.example", "", "10.0.0.7"]
        {
            assert!(!near.is_own(foreign), "{foreign}");
        }
        let open = Door::new(([0, 0, 0, 0], 8030).into());
        assert!(open.is_own("10.0.0.7:8030") && !open.is_own("evil.example:8030"));
    }
}
