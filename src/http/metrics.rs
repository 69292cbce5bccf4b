//! `GET /metrics`, on a port of its own that is never public.

use super::error;
use crate::telemetry::metrics::Metrics;
use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};

/// The routes on the metrics port. Their handlers need `Data<Metrics>`.
pub fn serve(config: &mut ServiceConfig) {
    config
        .service(web::resource("/metrics").get(render).head(render))
        .default_service(web::to(error::not_found));
}

async fn render(metrics: Data<Metrics>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(metrics.render())
}
