//! Pages of deliveries in the file. What is asked for is put together anew each time: SQLite plans before it knows the
//! parameters.

use super::deliveries::{COLUMNS, FAILED, REFUSED, UNVERIFIED, delivery};
use super::{SqliteLog, StoreError, tallies};
use crate::domain::Timestamp;
use crate::store::Tally;
use crate::store::browse::{Browse, Filter, LONGEST_LIFE, Place, State, USUAL};
use crate::store::texts::{Delivery, Only};
use rusqlite::params_from_iter;
use rusqlite::types::Value;

const ASKED: &str = "EXISTS (SELECT 1 FROM texts WHERE delivery_ref = d.delivery_ref AND provider = ?)";
/// Its first condition follows from the others, and can be looked up.
const WAITING: &str = "first_claimed_at >= ? AND d.verified_at IS NULL
    AND coalesce(d.expires_at, d.first_claimed_at + 300000) >= ?
    AND EXISTS (SELECT 1 FROM texts WHERE delivery_ref = d.delivery_ref AND verdict = 'accepted')";

#[async_trait::async_trait]
impl Browse for SqliteLog {
    async fn page(
        &self,
        filter: &Filter,
        behind: Option<&Place>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let (select, mut parameters) = statement(filter, behind);
        parameters.push(limit.into());
        self.read(move |db| {
            let mut select = db.prepare(&select)?;
            let mut rows = select.query(params_from_iter(parameters))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(delivery(db, row)?);
            }
            Ok(found)
        })
        .await
    }

    async fn tallies_since(&self, hour: i64) -> Result<Vec<Tally>, StoreError> {
        self.read(move |db| tallies::since(db, hour)).await
    }

    async fn other_types(&self, limit: u32) -> Result<Vec<String>, StoreError> {
        self.read(move |db| {
            let mut select = db.prepare(
                "SELECT DISTINCT event_type FROM deliveries WHERE event_type <> 'send.otp'
                 ORDER BY event_type LIMIT ?1",
            )?;
            let types = select.query_map([limit], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok(types)
        })
        .await
    }

    async fn plan(&self, filter: &Filter, behind: Option<&Place>) -> Result<Vec<String>, StoreError> {
        let (select, mut parameters) = statement(filter, behind);
        parameters.push(50.into());
        self.read(move |db| {
            let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {select}"))?;
            let steps = explain.query_map(params_from_iter(parameters), |row| row.get(3))?;
            Ok(steps.collect::<Result<_, _>>()?)
        })
        .await
    }
}

/// The statement of a page, and its parameters but for the last, how many rows.
fn statement(filter: &Filter, behind: Option<&Place>) -> (String, Vec<Value>) {
    let number = |at: Timestamp| Value::from(at.as_millis());
    let mut conditions = vec!["TRUE"];
    let mut parameters = Vec::new();
    let mut add = |condition: &'static str, values: Vec<Value>| {
        conditions.push(condition);
        parameters.extend(values);
    };
    if let Some(reference) = &filter.reference {
        add("delivery_ref = ?", vec![reference.as_str().to_owned().into()]);
    }
    if let Some(hash) = &filter.recipient_hash {
        add("recipient_hash = ?", vec![hash.clone().into()]);
    }
    if let Some(region) = filter.region {
        add("region = ?", vec![region.as_str().to_owned().into()]);
    }
    match filter.event_type.as_deref() {
        Some(USUAL) => add("event_type = 'send.otp'", vec![]),
        Some(name) => add("event_type <> 'send.otp' AND event_type = ?", vec![name.to_owned().into()]),
        None => {}
    }
    if let Some(since) = filter.since {
        add("first_claimed_at >= ?", vec![number(since)]);
    }
    if let Some(Place { came_at, event }) = behind {
        let event = event.as_str().to_owned();
        // Those of one millisecond are in the order in which they came, which the index has already.
        let behind = "(first_claimed_at, seq) < (?, (SELECT seq FROM deliveries WHERE event_id = ?))";
        add(behind, vec![number(*came_at), event.into()]);
    }
    match filter.state {
        Some(State::Ended(Only::Failed)) => add(FAILED, vec![]),
        Some(State::Ended(Only::Unverified(now))) => add(UNVERIFIED, vec![number(now)]),
        Some(State::Ended(Only::Refused)) => add(REFUSED, vec![]),
        Some(State::Waiting(now)) => {
            add(WAITING, vec![(now.as_millis() - LONGEST_LIFE).into(), number(now)]);
        }
        Some(State::Verified) => add("verified_at IS NOT NULL", vec![]),
        None => {}
    }
    if let Some(provider) = filter.provider {
        add(ASKED, vec![provider.as_str().to_owned().into()]);
    }
    let conditions = conditions.join(" AND ");
    let select = format!(
        "SELECT {COLUMNS} FROM deliveries AS d WHERE {conditions}
         ORDER BY first_claimed_at DESC, seq DESC LIMIT ?"
    );
    (select, parameters)
}
