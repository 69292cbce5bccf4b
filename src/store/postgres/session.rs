//! Connections: made when needed, replaced when broken, never waited for longer than a user would.

use super::address::Address;
use super::doubt::{self, Doubt};
use super::failure::{self, Failure};
use super::{Parameter, StoreError, certificates};
use deadpool_postgres::{Hook, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio_postgres::{Client, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Enough for several thousand deliveries a second; Neon's smallest compute allows about a hundred.
const CONNECTIONS: usize = 8;
/// One statement on a few rows. A connection that takes longer is given up.
const QUERY_TIMEOUT: Duration = Duration::from_millis(2500);

/// Long enough for another one's statement on a few rows.
const AFTER_YOU: Duration = Duration::from_millis(50);
/// What was kept for a day may be rewritten; whoever waits for it gives up earlier.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(300);

/// Each brings the schema from the version of its index to the next.
const MIGRATIONS: [&str; 8] = [
    include_str!("../schema/postgres/0001_deliveries.sql"),
    include_str!("../schema/postgres/0002_outbox.sql"),
    include_str!("../schema/postgres/0003_texts.sql"),
    include_str!("../schema/postgres/0004_closings.sql"),
    include_str!("../schema/postgres/0005_functions.sql"),
    include_str!("../schema/postgres/0006_browsing.sql"),
    include_str!("../schema/postgres/0007_test_codes.sql"),
    include_str!("../schema/postgres/0008_forgotten.sql"),
];
/// Whoever reads a day of deliveries through may take longer.
const READING_TIMEOUT: Duration = Duration::from_secs(30);
/// The advisory lock under which one instance migrates while the others wait: "neon-sms" as a number.
const MIGRATION_LOCK: i64 = 0x6e65_6f6e_2d73_6d73;

/// A small pool of connections to one database.
pub(super) struct Sessions {
    pool: Pool,
    migrated: OnceCell<()>,
    /// Nothing is written, the tables neither.
    only_reads: bool,
    query_timeout: Duration,
    /// Who we are there, for statements that somebody is to run.
    user: String,
    doubt: Arc<Doubt>,
}

impl Sessions {
    /// Connects to nothing yet. A connection may take as long to come about as the address says: a compute that
    /// sleeps has to wake. Whoever delivers a code gives up earlier.
    pub fn new(address: Address, tls: rustls::ClientConfig) -> Result<Self, StoreError> {
        let tls = certificates::config(&address.certificates, tls)?;
        let user = address.config.get_user().unwrap_or(failure::THE_USER).to_owned();
        let manager = Manager::from_config(
            address.config,
            MakeRustlsConnect::new(tls),
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let doubt = Arc::<Doubt>::default();
        let asked = doubt.clone();
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(QUERY_TIMEOUT))
            .create_timeout(Some(address.connect_timeout))
            .pre_recycle(Hook::async_fn(move |client, metrics| {
                let doubt = asked.clone();
                Box::pin(async move { doubt::ask(&doubt, client, metrics.last_used()).await })
            }))
            .build()
            .map_err(|_| StoreError::Unreachable("its pool cannot be built".to_owned()))?;
        let (migrated, query_timeout) = (OnceCell::new(), QUERY_TIMEOUT);
        Ok(Self { pool, migrated, only_reads: false, query_timeout, user, doubt })
    }

    /// For somebody who only looks, and has the time for it.
    pub fn reading(self) -> Self {
        Self { only_reads: true, query_timeout: READING_TIMEOUT, ..self }
    }

    /// Runs one statement, on another connection if the first turns out to be closed, and once more if it was undone
    /// for another one's sake.
    ///
    /// Repeating is harmless: a claim or a lease that had been carried out is found to be held, by ourselves,
    /// until it lapses; everything else is bound to its token or to the number of its batch, or changes nothing the
    /// second time.
    pub async fn query(&self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, StoreError> {
        self.migrated.get_or_try_init(|| self.migrate()).await?;
        match self.query_once(statement, parameters).await {
            Err(Failure::Closed) => {}
            // The other one has waited for us; it goes first.
            Err(Failure::Undone(_)) => tokio::time::sleep(AFTER_YOU).await,
            result => return result.map_err(StoreError::from),
        }
        self.query_once(statement, parameters).await.map_err(StoreError::from)
    }

    async fn query_once(&self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Failure> {
        let client = self.client().await?;
        let owned: Vec<_> = parameters.iter().map(|(value, kind)| (*value, kind.clone())).collect();
        match tokio::time::timeout(self.query_timeout, client.query_typed(statement, &owned)).await {
            Ok(result) => Ok(result?),
            Err(_) => {
                // Its answer may still come and would be taken for the next one's: close it instead.
                drop(Object::take(client));
                self.doubt.one_was_slow();
                Err(Failure::Store(StoreError::timed_out()))
            }
        }
    }

    async fn client(&self) -> Result<Object, Failure> {
        self.pool.get().await.map_err(|error| Failure::Store(error.into()))
    }

    /// Brings the tables up to date; several instances may start at once.
    async fn migrate(&self) -> Result<(), StoreError> {
        let mut client = self.client().await?;
        let migrated = tokio::time::timeout(MIGRATION_TIMEOUT, migrate(&mut client, self.only_reads)).await;
        let migrated = migrated.unwrap_or_else(|_| Err(StoreError::timed_out()));
        migrated.map_err(|error| match error {
            StoreError::Failed(told) => {
                // Quoted as PostgreSQL wants a name that may hold anything.
                let user = format!("\"{}\"", self.user.replace('"', "\"\""));
                StoreError::Failed(told.replace(failure::THE_USER, &user))
            }
            error => error,
        })
    }
}

async fn migrate(client: &mut Client, only_reads: bool) -> Result<(), StoreError> {
    // A user who may not create tables needs not, where they are up to date.
    let find = "SELECT to_regclass('neon_sms_relay_schema') IS NOT NULL";
    let rows = client.query_typed(find, &[]).await?;
    let is_there: bool = rows.first().ok_or(StoreError::Corrupt)?.try_get(0)?;
    if is_there && version(client.query_typed(VERSION, &[]).await?)? == MIGRATIONS.len() {
        return Ok(());
    }
    if only_reads {
        return Err(StoreError::not_yet("a database"));
    }
    let transaction = client.transaction().await?;
    // The lock ends with the transaction, which a pooler keeps on one session.
    let prepare = format!(
        "SELECT pg_advisory_xact_lock({MIGRATION_LOCK});
         CREATE TABLE IF NOT EXISTS neon_sms_relay_schema (version BIGINT NOT NULL);"
    );
    transaction.batch_execute(&prepare).await?;
    let done = version(transaction.query_typed(VERSION, &[]).await?)?;
    for (version, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        let record = format!("INSERT INTO neon_sms_relay_schema (version) VALUES ({});", version + 1);
        transaction.batch_execute(&format!("{migration}\n{record}")).await?;
    }
    Ok(transaction.commit().await?)
}

const VERSION: &str = "SELECT coalesce(max(version), 0) FROM neon_sms_relay_schema";

/// The version of the tables, if this program knows it.
fn version(rows: Vec<Row>) -> Result<usize, StoreError> {
    let found: i64 = rows.first().ok_or(StoreError::Corrupt)?.try_get(0)?;
    let known = MIGRATIONS.len() as i64;
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    usize::try_from(found).map_err(|_| StoreError::Corrupt)
}
