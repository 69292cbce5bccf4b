//! Numbers for Prometheus: one typed method per fact, labels from enums only; one file a family.
//!
//! A series is registered in the file whose methods change it; [`Metrics::series`] lists them all, and each has a
//! row in `docs/metrics.md`.

mod app;
mod breakers;
mod deliveries;
mod guard;
mod keys;
mod process;
mod roll;
mod store;
mod texts;

pub use app::Waiting;
pub use roll::Series;

use prometheus_client::metrics::histogram::Histogram;
use roll::Roll;

/// All metrics of the process. Cheap to clone; clones share their numbers.
#[derive(Clone, Default)]
pub struct Metrics {
    deliveries: deliveries::Deliveries,
    texts: texts::Texts,
    breakers: breakers::Breakers,
    guard: guard::Guard,
    app: app::App,
    store: store::Store,
    keys: keys::Keys,
    process: process::Process,
}

/// Up to Neon's 15 s, finest where a user starts to notice; 4.5 s is when the relay answers at the latest.
const SECONDS: [f64; 11] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 4.5, 6.0, 10.0, 15.0];

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

/// What a gauge shows of a count.
fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl Metrics {
    /// The text format of OpenMetrics 1.0.
    pub fn render(&self) -> String {
        self.roll().render()
    }

    /// Every series that there is, also those that have no number yet.
    pub fn series(&self) -> Vec<Series> {
        self.roll().into_series()
    }

    fn roll(&self) -> Roll {
        let mut roll = Roll::default();
        self.deliveries.register(&mut roll);
        self.texts.register(&mut roll);
        self.breakers.register(&mut roll);
        self.guard.register(&mut roll);
        self.app.register(&mut roll);
        self.store.register(&mut roll);
        self.keys.register(&mut roll);
        self.process.register(&mut roll);
        roll
    }
}
