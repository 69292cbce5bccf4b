//! What is answered under which address.

mod health;
mod limits;
mod outbox;

use super::Sources;
use super::door::Door;
use super::filter::Wanted;
use super::form::{self, Ours};
use super::pages::layout::{self, Frame};
use super::pages::{deliveries, delivery};
use super::problem::Problem;
use crate::domain::{DeliveryRef, EventId, HashKey, check_possible};
use crate::store::browse::Filter;
use crate::store::texts::Query as StoreQuery;
use actix_web::HttpResponse;
use actix_web::http::header::{ContentType, LOCATION};
use actix_web::web::{self, Data, Path, Query, ServiceConfig};
use health::Watch;
use maud::Markup;
use serde::Deserialize;
use sms_providers::PhoneNumber;

const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/live.js");
const ICON: &str = include_str!("assets/icon.svg");

/// Deliveries on a page.
const PAGE: u32 = 50;
/// Types of events that can be chosen from.
const TYPES: u32 = 50;

/// Mounts all of them. The door and the sources are the caller's to add.
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.app_data(form::limits())
        .app_data(Data::new(Watch::default()))
        .route("/", web::get().to(health::shown))
        .route("/deliveries", web::get().to(list))
        .route("/deliveries/{reference}", web::get().to(one))
        .route("/find", web::post().to(find))
        .configure(outbox::routes)
        .configure(limits::routes)
        .route("/style.css", web::get().to(async || asset("text/css; charset=utf-8", STYLE)))
        .route("/live.js", web::get().to(async || asset("text/javascript; charset=utf-8", SCRIPT)))
        .route("/icon.svg", web::get().to(async || asset("image/svg+xml", ICON)))
        .default_service(web::to(async || Err::<HttpResponse, _>(Problem::NotFound)));
}

fn asset(kind: &'static str, content: &'static str) -> HttpResponse {
    HttpResponse::Ok().content_type(kind).body(content)
}

/// What each page needs of its surroundings.
#[derive(Clone)]
struct Ground {
    sources: Data<Sources>,
    door: Data<Door>,
    watch: Data<Watch>,
}

impl actix_web::FromRequest for Ground {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &actix_web::HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let ground = || {
            Some(Self {
                sources: request.app_data::<Data<Sources>>()?.clone(),
                door: request.app_data::<Data<Door>>()?.clone(),
                watch: request.app_data::<Data<Watch>>()?.clone(),
            })
        };
        std::future::ready(ground().ok_or(Problem::NotFound))
    }
}

impl Ground {
    /// A page of ours; looked at again after so many seconds, if a script runs.
    async fn page(&self, active: &str, title: &str, again_after: Option<u32>, body: &Markup) -> HttpResponse {
        let frame = Frame {
            active,
            form_token: self.door.form_token(),
            place: &self.sources.place,
            wrong: self.watch.wrong(&self.sources).await,
            again_after,
        };
        let page = layout::page(&frame, title, body);
        HttpResponse::Ok().content_type(ContentType::html()).body(page.into_string())
    }
}

/// Another page, after a form.
fn go_to(address: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, address)).finish()
}

async fn list(ground: Ground, wanted: Query<Wanted>) -> Result<HttpResponse, Problem> {
    let (wanted, log, now) = (wanted.into_inner(), &ground.sources.log, ground.sources.clock.now());
    let (filter, place) = wanted.filter(now).map_err(Problem::Unreadable)?;
    let mut found = log.page(&filter, place.as_ref(), PAGE + 1).await?;
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let types = log.other_types(TYPES).await?;
    let regions = ground.watch.regions(&ground.sources).await;
    let list =
        deliveries::List { wanted: &wanted, found: &found, more, regions: &regions, types: &types, now };
    let again_after = wanted.behind.is_empty().then_some(5);
    Ok(ground.page("/deliveries", "Deliveries", again_after, &deliveries::page(&list)).await)
}

async fn one(ground: Ground, reference: Path<String>) -> Result<HttpResponse, Problem> {
    let reference = DeliveryRef::parse(&reference).ok_or(Problem::NotFound)?;
    let filter = Filter { reference: Some(reference), ..Filter::default() };
    let found = ground.sources.log.page(&filter, None, 1).await?.pop().ok_or(Problem::NotFound)?;
    let body = delivery::page(&found, ground.sources.clock.now());
    Ok(ground.page("/deliveries", "Delivery", Some(5), &body).await)
}

/// What somebody looks for.
#[derive(Deserialize)]
struct Find {
    #[serde(default)]
    wanted: String,
}

/// A number is hashed here, so that it stands in no address and no history.
async fn find(ground: Ground, form: Ours<Find>) -> Result<HttpResponse, Problem> {
    let wanted = form.0.wanted.trim();
    if let Some(number) = number(wanted) {
        let to = hash(&ground.sources, &number).await?;
        return Ok(go_to(&Wanted { to, ..Wanted::default() }.url()));
    }
    let at = |reference: &DeliveryRef| format!("/deliveries/{reference}");
    if let Some(reference) = DeliveryRef::parse(wanted) {
        return Ok(go_to(&at(&reference)));
    }
    let event = EventId::new(wanted).ok_or(Problem::Unreadable(WHAT_IS_FOUND))?;
    let query = StoreQuery { event: Some(event), ..StoreQuery::default() };
    let found = ground.sources.log.deliveries(&query, 1).await?.pop();
    Ok(go_to(&at(&found.ok_or(Problem::Unreadable(WHAT_IS_FOUND))?.reference)))
}

const WHAT_IS_FOUND: &str = "Nothing is known under that. Write a number with a plus sign and its country's code, the \
                             whole id of an event, or the reference of a delivery.";

/// A number as people write it, with blanks and brackets.
fn number(text: &str) -> Option<PhoneNumber> {
    let plain: String = text.chars().filter(|letter| !" -().\u{a0}/".contains(*letter)).collect();
    let number = plain.parse().ok()?;
    check_possible(&number).ok()?;
    Some(number)
}

async fn hash(sources: &Sources, number: &PhoneNumber) -> Result<String, Problem> {
    let kept;
    let key: &HashKey = match &sources.key {
        Some(key) => key,
        None => {
            kept = sources.log.kept_key().await?.ok_or(Problem::Unreadable(
                "The store keeps no key to find a number by. Start studio with the server's HASH_KEY.",
            ))?;
            &kept
        }
    };
    Ok(key.recipient(number).hash.to_string())
}
