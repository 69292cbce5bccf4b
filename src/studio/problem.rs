//! What goes wrong between the browser and the page, as the answer to it: a page of its own.

use super::pages;
use crate::store::StoreError;
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, ResponseError};

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    /// Neither token nor cookie.
    #[error("This page needs its token")]
    Denied,
    /// The browser was sent here under somebody else's name.
    #[error("This page is not served under that name")]
    ForeignHost,
    /// A form that is not ours.
    #[error("This form is not one of this page's")]
    ForeignForm,
    /// Nothing is kept under this address.
    #[error("There is no such page")]
    NotFound,
    /// What was asked for cannot be meant.
    #[error("That cannot be read")]
    Unreadable(&'static str),
    /// The store does not answer.
    #[error("The store cannot be read")]
    Store(#[from] StoreError),
}

impl Problem {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Denied => {
                "Open the whole URL that neon-sms-relay studio printed; its token is new with each start."
                    .to_owned()
            }
            Self::ForeignHost => {
                "Open it as http://127.0.0.1 or http://localhost, through ssh -L if it runs elsewhere."
                    .to_owned()
            }
            Self::ForeignForm => {
                "Nothing was changed. Go back, load the page again, and send the form from there.".to_owned()
            }
            Self::NotFound => "It may have been forgotten: events are kept for STORE_TTL_HOURS.".to_owned(),
            Self::Unreadable(remedy) => (*remedy).to_owned(),
            Self::Store(error) => {
                format!("It says: {error}. Load the page again; neon-sms-relay doctor looks into it.")
            }
        }
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Denied => StatusCode::UNAUTHORIZED,
            Self::ForeignHost | Self::ForeignForm => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unreadable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code())
            .content_type(ContentType::html())
            .body(pages::layout::bare(&self.to_string(), &self.remedy()).into_string())
    }
}
