//! Claims as several clients see them at once: each store, whatever the clients do in whatever order, can be told as
//! one that serves them one after the other. Nobody owns what another one owns, and no reply changes.
//!
//! `PROPTEST_CASES=5000 cargo nextest run --release --test store_contract claims` looks longer.

use crate::claims_model::{Call, Heard, Ownership, Told, is_one_story};
use crate::suite::{NOW, event, text};
use crate::{Home, postgres};
use neon_sms_relay::domain::{DeliveryRef, EventId, RefuseReason, Reply, TextRef, Timestamp};
use neon_sms_relay::store::texts::{Resend, Why};
use neon_sms_relay::store::{Claim, Held, Lease, NewDelivery, Outcome, Store, Text};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use sms_providers::ProviderName;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

const LEASE: Duration = Duration::from_secs(4);
/// No event may be texted more often.
const MAX_SENDS: u8 = 3;
/// Two instances of the relay, each with connections of its own.
const INSTANCES: usize = 2;

/// What a client does next.
#[derive(Debug, Clone, Copy)]
enum Move {
    Claim,
    Renew,
    /// Once more than was counted ahead.
    CountASend,
    Finish(u8),
    Release,
    /// Forgets what it owned; the store is not told.
    Crash,
    /// All clocks go on, or are set back, by so many milliseconds.
    Clock(i64),
    Purge,
    BeginResend,
    RecordResend {
        texts: u8,
        may_have_sent: bool,
    },
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        6 => Just(Move::Claim),
        2 => Just(Move::Renew),
        1 => Just(Move::CountASend),
        3 => (0..4_u8).prop_map(Move::Finish),
        2 => Just(Move::Release),
        1 => Just(Move::Crash),
        3 => prop_oneof![Just(1), Just(4_001), Just(61_000), Just(90_000_000), Just(-2_000), Just(-70_000)].prop_map(Move::Clock),
        1 => Just(Move::Purge),
        3 => Just(Move::BeginResend),
        2 => (0..2_u8, any::<bool>()).prop_map(|(texts, may_have_sent)| Move::RecordResend { texts, may_have_sent }),
    ]
}

/// What all clients of an event share.
struct Scene {
    stores: Vec<Arc<dyn Store>>,
    event: NewDelivery,
    clock: AtomicI64,
    order: AtomicU64,
    told: Mutex<Vec<Told>>,
    /// The delivery, and the number of its last text, as somebody has last heard of them.
    latest: Mutex<Option<(DeliveryRef, u8)>>,
    /// Whether only one client moves at a time.
    in_turns: bool,
}

/// One client. It goes on with what it believes, however wrong that is by now.
#[derive(Default)]
struct Client {
    lease: Option<Lease>,
    resend: Option<(DeliveryRef, Resend)>,
}

fn owned(lease: &Lease) -> Ownership {
    Ownership {
        reference: lease.delivery_ref.as_str().to_owned(),
        token: lease.token,
        possible_sends: lease.possible_sends,
        next_number: lease.next_number,
    }
}

fn reply(tag: u8) -> Reply {
    let [a, b, c] = [RefuseReason::InvalidCode, RefuseReason::OptedOut, RefuseReason::CodeExpired];
    [Reply::Done(None), Reply::Refused(a), Reply::Refused(b), Reply::Refused(c)][usize::from(tag)].clone()
}

fn tag(stored: &Reply) -> u8 {
    (0..4).find(|tag| reply(*tag) == *stored).expect("a reply that nobody gave")
}

fn held(held: Held) -> Heard {
    if held == Held::Yes { Heard::Held } else { Heard::Lost }
}

fn texts(first: u8, count: u8) -> Vec<Text> {
    (first..first + count).map(|number| text(number, ProviderName::Twilio, Text::ACCEPTED)).collect()
}

impl Scene {
    fn new(stores: Vec<Arc<dyn Store>>, in_turns: bool) -> Self {
        static EVENTS: AtomicI64 = AtomicI64::new(0);
        // Of other days, so that what is purged is this event and older ones.
        let number = EVENTS.fetch_add(1, Ordering::Relaxed);
        let id = EventId::new(&format!("event-{number}")).unwrap();
        let clock = AtomicI64::new(NOW.as_millis() + number * 1_000_000_000);
        let event = NewDelivery { id, ..event("any") };
        let (order, told, latest) = (AtomicU64::new(0), Mutex::default(), Mutex::default());
        Self { stores, event, clock, order, told, latest, in_turns }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.load(Ordering::SeqCst))
    }

    async fn play(&self, client: &mut Client, store: &dyn Store, next: Move) {
        let now = self.now();
        let began = self.order.fetch_add(1, Ordering::SeqCst);
        let Some((call, heard)) = self.ask(client, store, next, now).await else { return };
        let ended = self.order.fetch_add(1, Ordering::SeqCst);
        self.told.lock().unwrap().push(Told { began, ended, call, heard });
    }

    async fn ask(
        &self,
        client: &mut Client,
        store: &dyn Store,
        next: Move,
        now: Timestamp,
    ) -> Option<(Call, Heard)> {
        let until = now.plus(LEASE);
        Some(match next {
            Move::Claim => {
                let heard = match store.claim(&self.event, now, LEASE).await {
                    Ok(Claim::Acquired(lease)) => {
                        let (by, first_claimed_at) = (owned(&lease), lease.first_claimed_at.as_millis());
                        client.lease = Some(lease);
                        Heard::Acquired { by, first_claimed_at }
                    }
                    Ok(Claim::InFlight) => Heard::InFlight,
                    Ok(Claim::Finished(reply)) => Heard::Finished(tag(&reply)),
                    Err(_) => Heard::Nothing,
                };
                (Call::Claim { now: now.as_millis(), until: until.as_millis() }, heard)
            }
            Move::Renew | Move::CountASend => {
                let lease = client.lease.as_mut()?;
                lease.possible_sends += u8::from(matches!(next, Move::CountASend));
                let heard = store.renew(lease, until).await.map_or(Heard::Nothing, held);
                (Call::Renew { by: owned(lease), until: until.as_millis() }, heard)
            }
            Move::Finish(reply_tag) => {
                let lease = client.lease.clone()?;
                let texts = texts(lease.next_number, 1);
                let (by, last) = (owned(&lease), (lease.delivery_ref.clone(), lease.next_number));
                let outcome = Outcome { texts, ..Outcome::of(reply(reply_tag)) };
                let heard = store.finish(lease, &outcome, now).await.map_or(Heard::Nothing, held);
                if heard == Heard::Held {
                    *self.latest.lock().unwrap() = Some(last);
                }
                (Call::Finish { by, reply: reply_tag, texts: 1 }, heard)
            }
            Move::Release => {
                let mut lease = client.lease.clone()?;
                lease.possible_sends -= 1;
                let by = owned(&lease);
                let heard = store.release(lease, &[]).await.map_or(Heard::Nothing, |()| Heard::Done);
                (Call::Release { by, texts: 0 }, heard)
            }
            Move::Crash => {
                *client = Client::default();
                return None;
            }
            Move::Clock(by) => {
                self.clock.fetch_add(by, Ordering::SeqCst);
                return None;
            }
            Move::Purge => {
                let heard = store.purge(now, now).await.map_or(Heard::Nothing, |_| Heard::Done);
                (Call::Purge { before: now.as_millis(), alone: self.in_turns }, heard)
            }
            Move::BeginResend => {
                let (delivery, failed) = self.latest.lock().unwrap().clone()?;
                let text = TextRef { delivery: delivery.clone(), number: failed };
                let begun = store.begin_resend(&text, Why::Failed, 1, MAX_SENDS).await;
                let heard = match begun {
                    Ok(begun) => {
                        client.resend =
                            begun.map(|resend| (delivery.clone(), resend)).or(client.resend.take());
                        Heard::Begun(begun.map(|resend| resend.first))
                    }
                    Err(_) => Heard::Nothing,
                };
                let reference = delivery.as_str().to_owned();
                let (beside_a_purge, max_sends) = (!self.in_turns, MAX_SENDS);
                (Call::BeginResend { reference, failed, requests: 1, max_sends, beside_a_purge }, heard)
            }
            Move::RecordResend { texts: count, may_have_sent } => {
                let (delivery, resend) = client.resend.clone()?;
                let made = texts(resend.first, count);
                let recorded = store.record_resend(&delivery, resend, &made, may_have_sent).await;
                let heard = recorded.map_or(Heard::Nothing, |()| Heard::Done);
                let (reference, first) = (delivery.as_str().to_owned(), resend.first);
                *self.latest.lock().unwrap() = Some((delivery, first - 1 + count));
                (Call::RecordResend { reference, first, requests: 1, texts: count, may_have_sent }, heard)
            }
        })
    }

    fn assert_one_story(&self) -> Result<(), TestCaseError> {
        let mut told = self.told.lock().unwrap().clone();
        told.sort_by_key(|told| told.began);
        let purged = told.iter().any(|told| matches!(told.call, Call::Purge { .. }));
        for told in &mut told {
            if let Call::BeginResend { beside_a_purge, .. } = &mut told.call {
                *beside_a_purge &= purged;
            }
        }
        prop_assert!(is_one_story(&told), "nobody could have heard this one after the other: {told:#?}");
        Ok(())
    }
}

fn stores(home: &Home) -> Vec<Arc<dyn Store>> {
    match home {
        Home::Memory => vec![home.open(); INSTANCES],
        _ => (0..INSTANCES).map(|_| home.open()).collect(),
    }
}

/// Runs as many cases as are asked for, and no fewer than `cases`.
fn check<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let cases =
        cases.max(if std::env::var_os("PROPTEST_CASES").is_some() { Config::default().cases } else { 0 });
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    match TestRunner::new(config).run(&strategy, test) {
        Ok(()) => {}
        Err(TestError::Fail(reason, case)) => panic!("{reason}\nwith {case:?}"),
        Err(error) => panic!("{error}"),
    }
}

/// Clients that move in turns: what fails here fails again, and is made short.
fn in_turns(home: &Home, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stores = stores(home);
    let moves = prop::collection::vec((0..4_usize, any_move()), 0..40);
    check(cases, moves, |moves| {
        let scene = Scene::new(stores.clone(), true);
        let mut clients: [Client; 4] = Default::default();
        runtime.block_on(async {
            for (client, next) in moves {
                let store = &scene.stores[client % INSTANCES];
                scene.play(&mut clients[client], &**store, next).await;
            }
        });
        scene.assert_one_story()
    });
}

/// Clients that move whenever they like, beside `trouble`.
fn at_once<F: Future<Output = ()>>(home: &Home, cases: u32, trouble: impl Fn() -> F) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stores = stores(home);
    let moves = prop::collection::vec(prop::collection::vec(any_move(), 0..10), 2..=5);
    check(cases, moves, |clients| {
        let scene = Arc::new(Scene::new(stores.clone(), false));
        runtime.block_on(async {
            let clients = clients.into_iter().enumerate().map(|(number, moves)| {
                let scene = scene.clone();
                tokio::runtime::Handle::current().spawn(async move {
                    let mut client = Client::default();
                    let store = scene.stores[number % INSTANCES].clone();
                    for next in moves {
                        scene.play(&mut client, &*store, next).await;
                    }
                })
            });
            let clients = futures_util::future::join_all(clients.collect::<Vec<_>>());
            let (ended, ()) = tokio::join!(clients, trouble());
            for client in ended {
                client.unwrap();
            }
        });
        scene.assert_one_story()
    });
}

#[test]
fn in_memory_clients_in_turns_hear_one_story() {
    in_turns(&Home::Memory, 2_000);
}

#[test]
fn in_memory_clients_at_once_hear_one_story() {
    at_once(&Home::Memory, 2_000, async || {});
}

#[test]
fn on_sqlite_clients_in_turns_hear_one_story() {
    in_turns(&Home::Sqlite(tempfile::tempdir().unwrap()), 60);
}

#[test]
fn on_sqlite_clients_at_once_hear_one_story() {
    at_once(&Home::Sqlite(tempfile::tempdir().unwrap()), 60, async || {});
}

#[test]
fn on_postgres_clients_in_turns_hear_one_story() {
    let Some(server) = postgres::server() else { return };
    in_turns(&Home::Postgres(server), 60);
}

#[test]
fn on_postgres_clients_at_once_hear_one_story() {
    let Some(server) = postgres::server() else { return };
    at_once(&Home::Postgres(server), 60, async || {});
}

/// A statement whose connection ends may have been carried out or not.
#[test]
fn on_postgres_clients_whose_connections_are_killed_hear_one_story() {
    let Some(server) = postgres::server() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let killer = Arc::new(runtime.block_on(postgres::session(&server)));
    let killed = AtomicI64::new(0);
    at_once(&Home::Postgres(server), 60, || async {
        let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE application_name = 'neon-sms-relay' AND random() < 0.5";
        let row = killer.query_one(kill, &[]).await.unwrap();
        killed.fetch_add(row.get(0), Ordering::Relaxed);
    });
    assert!(killed.into_inner() > 0, "nobody was in trouble");
}
