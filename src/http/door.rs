//! What every request passes on its way in and out: its path is put straight, and its connection learns what became
//! of it.

use super::connection::{Body, Course};
use actix_http::ConnectionType;
use actix_web::Error;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::http::uri::PathAndQuery;
use actix_web::http::{Method, Uri};
use futures_util::future::LocalBoxFuture;
use std::future::{Ready, ready};
use std::rc::Rc;

/// The paths that are meant however they are written.
const PATHS: [&str; 4] = [super::WEBHOOK, "/livez", "/readyz", "/metrics"];

/// The outermost middleware.
pub struct Door;

/// [`Door`], around what is behind it.
pub struct DoorService<S> {
    behind: S,
}

impl<S, B> Transform<S, ServiceRequest> for Door
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = DoorService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(DoorService { behind: service }))
    }
}

impl<S, B> Service<ServiceRequest> for DoorService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    forward_ready!(behind);

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let course = request.conn_data::<Rc<Course>>().cloned();
        if let Some(course) = &course {
            course.dispatched(announced(&request));
        }
        if let Some(uri) = straight(request.uri()) {
            request.match_info_mut().get_mut().update(&uri);
            request.head_mut().uri = uri;
        }
        let asks = [Method::GET, Method::HEAD].contains(request.method());
        let answer = self.behind.call(request);
        Box::pin(async move {
            let mut answer = answer.await;
            let status = answer.as_ref().ok().map(ServiceResponse::status);
            let blameless = status.is_some_and(|s| s.is_success() || asks && s.is_server_error());
            let last = course.is_some_and(|course| course.answered(blameless));
            if let (true, Ok(answer)) = (last, &mut answer) {
                answer.response_mut().head_mut().set_connection_type(ConnectionType::Close);
            }
            answer
        })
    }
}

/// How much body the head announces. actix has refused heads that contradict themselves.
fn announced(request: &ServiceRequest) -> Body {
    let headers = request.headers();
    let length = headers.get(CONTENT_LENGTH).map(|length| length.to_str().ok()?.trim().parse().ok());
    match (headers.contains_key(TRANSFER_ENCODING) || request.head().upgrade(), length) {
        (false, None) => Body::Length(0),
        (false, Some(Some(length))) => Body::Length(length),
        _ => Body::Chunked,
    }
}

/// The address that is meant, if it is written otherwise: slashes too many, or capitals where they mean nothing.
fn straight(uri: &Uri) -> Option<Uri> {
    let meant = meant_path(uri.path())?;
    let mut parts = uri.clone().into_parts();
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    parts.path_and_query = Some(PathAndQuery::try_from(format!("{meant}{query}")).ok()?);
    Uri::from_parts(parts).ok()
}

/// The path that is served in the place of this one, if it is another.
pub fn meant_path(path: &str) -> Option<String> {
    if !path.starts_with('/') {
        return None;
    }
    let mut straight = String::with_capacity(path.len());
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        straight.push('/');
        straight.push_str(segment);
    }
    let meant = PATHS.into_iter().find(|meant| straight.eq_ignore_ascii_case(meant));
    let meant = meant.unwrap_or(&straight);
    (meant != path && !meant.is_empty()).then(|| meant.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_put_straight_where_one_thing_alone_is_meant() {
        for (written, meant) in [
            ("/webhooks/neon-auth/", Some("/webhooks/neon-auth")),
            ("//webhooks///neon-auth//", Some("/webhooks/neon-auth")),
            ("/Webhooks/NEON-auth?a=B", Some("/webhooks/neon-auth?a=B")),
            ("/LIVEZ", Some("/livez")),
            ("//callbacks/twilio/AbC/", Some("/callbacks/twilio/AbC")),
            ("/webhooks/neon-auth", None),
            ("/callbacks/twilio/AbC?x=//", None),
            ("/", None),
            ("//", None),
            ("*", None),
        ] {
            let uri: Uri = written.parse().unwrap();
            assert_eq!(straight(&uri).map(|uri| uri.to_string()).as_deref(), meant, "{written}");
        }
    }
}
