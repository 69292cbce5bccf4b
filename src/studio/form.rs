//! A form that is sent to us, and is one of ours.

use super::door::Door;
use super::problem::Problem;
use actix_web::web::{Data, Form, FormConfig};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A form is a token and a few words.
const FORM_LIMIT: usize = 4 * 1024;

/// The name of the field that says that a form is ours.
pub(super) const TOKEN_FIELD: &str = "form_token";

/// The fields of a form that carried our token.
pub(super) struct Ours<T>(pub T);

#[derive(Deserialize)]
struct Signed<T> {
    #[serde(default)]
    form_token: String,
    #[serde(flatten)]
    fields: T,
}

impl<T: DeserializeOwned + 'static> FromRequest for Ours<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let door = request.app_data::<Data<Door>>().cloned();
        let form = Form::<Signed<T>>::from_request(request, payload);
        async move {
            let Signed { form_token, fields } = form.await.map_err(|_| Problem::ForeignForm)?.into_inner();
            let is_ours = door.is_some_and(|door| door.made(&form_token));
            if is_ours { Ok(Self(fields)) } else { Err(Problem::ForeignForm) }
        }
        .boxed_local()
    }
}

/// How forms are read.
pub(super) fn limits() -> FormConfig {
    FormConfig::default().limit(FORM_LIMIT)
}
