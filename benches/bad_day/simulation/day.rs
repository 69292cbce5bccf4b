//! The relay put together as the program does it, and a day's users let loose on it.

use super::neon::Neon;
use super::scene::{COUNTRIES, VENDORS};
use super::users::User;
use super::vendors::Simulated;
use super::world::{DayClock, World};
use super::{history, scene};
use neon_sms_relay::domain::template::DEFAULT_TEMPLATE;
use neon_sms_relay::domain::{Clock, MessageTemplate, Routing, TestNumbers};
use neon_sms_relay::guard::{GuardSettings, Mode};
use neon_sms_relay::relay::Relay;
use neon_sms_relay::relay::forwarding::{Forwarder, Forwarding};
use neon_sms_relay::relay::once::{Ledger, Once, OnceSettings, Outage, StoreFailure};
use neon_sms_relay::relay::texting::{Ground, Texting, TextingSettings};
use neon_sms_relay::store::memory::MemoryStore;
use neon_sms_relay::tasks::Tasks;
use neon_sms_relay::telemetry::metrics::Metrics;
use sms_providers::client::http_client;
use sms_providers::{FailoverChain, SmsProvider};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, sleep_until};

/// `SMS_MAX_SENDS_PER_EVENT`, as it is by default.
pub const MAX_SENDS: u8 = 2;
/// How often the memory is cleared, and of what.
const PURGE_EVERY: Duration = Duration::from_secs(600);
const KEPT_FOR: Duration = Duration::from_secs(3600);

/// A way to send.
pub struct Strategy {
    /// What it is called.
    pub name: &'static str,
    /// How many vendors of the table are used.
    pub vendors: usize,
    /// Whether there is a public URL, so that vendors report, and failures are sent again.
    pub reports: bool,
    /// `RESEND_IF_SILENT_SECONDS`.
    pub if_silent: Option<u64>,
    /// `SMS_ROUTING=adaptive`.
    pub adaptive: bool,
}

/// What a day came to.
#[derive(Debug, Default, Clone)]
pub struct Figures {
    /// How many came.
    pub users: usize,
    /// How many got in within 30 s, within 60 s, and within the life of a code.
    pub within: [usize; 3],
    /// The share by country that got in within 60 s.
    pub by_country: [f64; COUNTRIES.len()],
    /// Texts that vendors took.
    pub texts: usize,
    /// What they cost, in millionths of a dollar.
    pub micros: i64,
    /// The most texts of one event.
    pub most_by_event: u8,
}

/// Lets `users` come during these minutes of the day.
pub fn run(strategy: &Strategy, users: usize, minutes: Range<u64>) -> Figures {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(day(strategy, users, minutes))
}

async fn day(strategy: &Strategy, users: usize, minutes: Range<u64>) -> Figures {
    let tasks = Tasks::current();
    let world = Arc::new(World::new(tasks.clone()));
    // Those before this minute were nobody's.
    sleep_until(world.clock.at(Duration::from_secs(minutes.start * 60))).await;
    let relay = relay(strategy, &world);
    world.knows(&relay);
    if strategy.adaptive {
        let a_day = users as f64 * 1440.0 / (minutes.end - minutes.start) as f64;
        history::write(relay.ledger.store().as_ref(), a_day as usize).await;
    }
    keep_up(&relay, world.clock);
    let neon = Arc::new(Neon::new());
    let mut all = Vec::with_capacity(users);
    for index in 0..users {
        let through = (index as f64 + 0.5) / users as f64;
        let minute = minutes.start as f64 + through * (minutes.end - minutes.start) as f64;
        sleep_until(world.clock.at(Duration::from_secs_f64(minute * 60.0))).await;
        let user = User::new(index);
        all.push((user.country, tasks.spawn(user.signs_in(neon.clone(), world.clone()))));
    }
    let mut took = Vec::with_capacity(users);
    for (country, user) in all {
        took.push((country, user.await.unwrap()));
    }
    figures(&took, &world)
}

fn figures(took: &[(usize, Option<Duration>)], world: &World) -> Figures {
    let within = |seconds: u64, of: Option<usize>| {
        let ours = took.iter().filter(|(country, _)| of.is_none_or(|of| of == *country));
        ours.filter(|(_, took)| took.is_some_and(|took| took <= Duration::from_secs(seconds))).count()
    };
    let by_country = std::array::from_fn(|country| {
        let here = took.iter().filter(|(lives_in, _)| *lives_in == country).count().max(1);
        within(60, Some(country)) as f64 / here as f64
    });
    let charged = world.charged();
    Figures {
        users: took.len(),
        within: [30, 60, scene::CODE_LIFE].map(|seconds| within(seconds, None)),
        by_country,
        texts: charged.texts,
        micros: charged.micros,
        most_by_event: charged.most_by_event(),
    }
}

fn relay(strategy: &Strategy, world: &Arc<World>) -> Arc<Relay> {
    let (tasks, metrics) = (world.tasks.clone(), Metrics::default());
    let clock: Arc<dyn Clock> = Arc::new(world.clock);
    let ledger = Arc::new(Ledger::new(Arc::new(MemoryStore::default()), None, Outage::new(metrics.clone())));
    let once = OnceSettings {
        answer_within: Duration::from_millis(4_500),
        max_in_flight: 2_000,
        on_store_failure: StoreFailure::Send,
    };
    let providers: Vec<Arc<dyn SmsProvider>> = VENDORS[..strategy.vendors]
        .iter()
        .map(|vendor| Arc::new(Simulated { vendor, world: world.clone() }) as Arc<dyn SmsProvider>)
        .collect();
    let settings = TextingSettings {
        template: MessageTemplate::new(DEFAULT_TEMPLATE, None, None).unwrap(),
        regions: HashMap::new(),
        providers: providers.iter().map(|provider| provider.name()).collect(),
        callbacks: strategy.reports.then(|| "https://relay.example.com/callbacks".parse().unwrap()),
        max_sends: MAX_SENDS,
        resend_on_failure: true,
        resend_if_silent: strategy.if_silent.map(Duration::from_secs),
        adaptive: strategy.adaptive,
        test_numbers: TestNumbers::default(),
    };
    let ground = Ground {
        // The question is who delivers, not who may ask.
        guard: GuardSettings { mode: Mode::Off, ..GuardSettings::default() },
        ledger: ledger.clone(),
        clock: clock.clone(),
        metrics: metrics.clone(),
        tasks: tasks.clone(),
    };
    let forwarder = Forwarder::new(http_client().unwrap(), None, clock.clone());
    Arc::new(Relay {
        once: Once::new(once, ledger.clone(), clock.clone(), tasks.clone(), metrics.clone()),
        texting: Arc::new(Texting::new(settings, FailoverChain::new(providers), Vec::new(), ground)),
        forwarding: Arc::new(Forwarding::new(
            Routing::default(),
            None,
            forwarder,
            ledger.clone(),
            clock,
            tasks.clone(),
            metrics,
        )),
        tasks,
        ledger,
    })
}

/// What the program does from time to time.
fn keep_up(relay: &Arc<Relay>, clock: DayClock) {
    relay.tasks.spawn_until_drain(relay.texting.clone().watch_codes());
    relay.tasks.spawn_until_drain(relay.texting.clone().keep_tallies());
    let purging = relay.clone();
    relay.tasks.spawn_until_drain(async move {
        loop {
            sleep(PURGE_EVERY).await;
            purging.once.purge(clock.now().minus(KEPT_FOR)).await.unwrap();
        }
    });
}
