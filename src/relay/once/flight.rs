//! One running delivery per event in this process; whoever brings the same event joins it.

use super::Answer;
use crate::domain::EventId;
use crate::tasks::Tasks;
use crate::telemetry::metrics::Metrics;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tracing::Instrument;

/// The running deliveries. Cheap to clone; clones share them.
#[derive(Clone)]
pub(super) struct Flights {
    running: Arc<Mutex<HashMap<EventId, Ticket>>>,
    limit: usize,
    tasks: Tasks,
    metrics: Metrics,
}

/// The future answer of a flight; closed without one if the flight panicked.
pub(super) type Ticket = watch::Receiver<Option<Answer>>;

impl Flights {
    /// No more than `limit` deliveries at once, on these tasks.
    pub fn new(limit: usize, tasks: Tasks, metrics: Metrics) -> Self {
        Self { running: Arc::default(), limit, tasks, metrics }
    }

    /// Joins the event's flight, or starts `work` as one; `None` if too many are running.
    ///
    /// The flight runs to its end even if every ticket is dropped.
    pub fn join_or_start<F>(&self, id: &EventId, work: impl FnOnce() -> F) -> Option<Ticket>
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let mut running = self.running();
        if let Some(ticket) = running.get(id) {
            return Some(ticket.clone());
        }
        if running.len() >= self.limit {
            return None;
        }
        let (publish, ticket) = watch::channel(None);
        running.insert(id.clone(), ticket.clone());
        self.metrics.in_flight(running.len());
        let landing = Landing { flights: self.clone(), id: id.clone() };
        let work = work();
        let flight = async move {
            let answer = work.await;
            // Also dropped by a panic. A duplicate that comes right after finds the stored reply.
            drop(landing);
            publish.send_replace(Some(answer));
        };
        self.tasks.spawn(flight.in_current_span());
        Some(ticket)
    }

    fn running(&self) -> MutexGuard<'_, HashMap<EventId, Ticket>> {
        // Nothing panics while the lock is held, and a map of tickets has no state between two changes.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Landing {
    flights: Flights,
    id: EventId,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut running = self.flights.running();
        running.remove(&self.id);
        self.flights.metrics.in_flight(running.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Reply;
    use std::time::Duration;
    use tokio::sync::oneshot;

    fn answer() -> Answer {
        Answer { reply: Reply::Done(None), replayed: false }
    }

    #[tokio::test]
    async fn a_duplicate_joins_and_gets_the_same_answer() {
        let flights = Flights::new(2, Tasks::current(), Metrics::default());
        let id = EventId::new("one").unwrap();
        let (go, gate) = oneshot::channel::<()>();
        let mut first = flights
            .join_or_start(&id, || async move {
                let _ = gate.await;
                answer()
            })
            .unwrap();
        let mut second = flights.join_or_start(&id, || async { panic!("started twice") }).unwrap();
        go.send(()).unwrap();
        for ticket in [&mut first, &mut second] {
            assert_eq!(ticket.wait_for(Option::is_some).await.unwrap().clone(), Some(answer()));
        }
    }

    #[tokio::test]
    async fn a_flight_lands_even_if_nobody_waits_or_it_panics() {
        let tasks = Tasks::current();
        let flights = Flights::new(2, tasks.clone(), Metrics::default());
        drop(flights.join_or_start(&EventId::new("left").unwrap(), || async { answer() }));
        let mut broken = flights
            .join_or_start(&EventId::new("broken").unwrap(), || async { panic!("on purpose") })
            .unwrap();
        assert!(broken.wait_for(Option::is_some).await.is_err());
        assert_eq!(tasks.drain(Duration::from_secs(30)).await, 0);
        assert!(flights.running().is_empty());
    }

    #[tokio::test]
    async fn beyond_the_limit_only_duplicates_get_in() {
        let flights = Flights::new(1, Tasks::current(), Metrics::default());
        let id = EventId::new("one").unwrap();
        assert!(flights.join_or_start(&id, std::future::pending).is_some());
        assert!(flights.join_or_start(&EventId::new("two").unwrap(), || async { answer() }).is_none());
        assert!(flights.join_or_start(&id, || async { answer() }).is_some());
    }
}
