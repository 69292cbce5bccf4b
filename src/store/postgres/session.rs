//! Connections: made when needed, replaced when broken, never waited for longer than a user would.

use super::{Parameter, StoreError};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use std::str::FromStr;
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Enough for several thousand deliveries a second; Neon's smallest compute allows about a hundred.
const CONNECTIONS: usize = 8;
/// A compute that sleeps wakes within a second or so.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// One statement on a few rows. A connection that takes longer is given up.
const QUERY_TIMEOUT: Duration = Duration::from_millis(2500);

/// Each brings the schema from the version of its index to the next.
const MIGRATIONS: [&str; 2] = [
    include_str!("../schema/postgres/0001_deliveries.sql"),
    include_str!("../schema/postgres/0002_outbox.sql"),
];
/// The advisory lock under which one instance migrates while the others wait: "neon-sms" as a number.
const MIGRATION_LOCK: i64 = 0x6e65_6f6e_2d73_6d73;

/// A small pool of connections to one database.
pub(super) struct Sessions {
    pool: Pool,
    migrated: OnceCell<()>,
}

impl Sessions {
    pub fn new(url: &str, tls: rustls::ClientConfig) -> Result<Self, StoreError> {
        // Certificates are always verified here, so what asks for it by name is no more than `require`.
        let url = url
            .replace("sslmode=verify-full", "sslmode=require")
            .replace("sslmode=verify-ca", "sslmode=require");
        // The parser's own error could quote the URL, and with it the password.
        let malformed = |_| StoreError::Unreachable("its URL is malformed".to_owned());
        let mut config = Config::from_str(&url).map_err(malformed)?;
        config.connect_timeout(CONNECT_TIMEOUT).application_name("neon-sms-relay");
        let manager = Manager::from_config(
            config,
            MakeRustlsConnect::new(tls),
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(QUERY_TIMEOUT))
            .create_timeout(Some(CONNECT_TIMEOUT))
            .build()
            .map_err(|_| StoreError::Unreachable("its pool cannot be built".to_owned()))?;
        Ok(Self { pool, migrated: OnceCell::new() })
    }

    /// Runs one statement, on another connection if the first turns out to be closed.
    ///
    /// Repeating is harmless: a claim or a lease that had been carried out is found to be held, by ourselves,
    /// until it lapses; everything else is bound to its token or changes nothing the second time.
    pub async fn query(&self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, StoreError> {
        self.migrated.get_or_try_init(|| self.migrate()).await?;
        match self.query_once(statement, parameters).await {
            Err(Failure::Closed) => self.query_once(statement, parameters).await.map_err(StoreError::from),
            result => result.map_err(StoreError::from),
        }
    }

    async fn query_once(&self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Failure> {
        let client = self.client().await?;
        let owned: Vec<_> = parameters.iter().map(|(value, kind)| (*value, kind.clone())).collect();
        match tokio::time::timeout(QUERY_TIMEOUT, client.query_typed(statement, &owned)).await {
            Ok(result) => Ok(result?),
            Err(_) => {
                // Its answer may still come and would be taken for the next one's: close it instead.
                drop(Object::take(client));
                Err(Failure::Store(StoreError::timed_out()))
            }
        }
    }

    async fn client(&self) -> Result<Object, Failure> {
        let reason = "no connection to PostgreSQL".to_owned();
        self.pool.get().await.map_err(|_| Failure::Store(StoreError::Unreachable(reason)))
    }

    /// Brings the tables up to date; several instances may start at once.
    async fn migrate(&self) -> Result<(), StoreError> {
        let mut client = self.client().await?;
        let migrated = tokio::time::timeout(QUERY_TIMEOUT * 4, migrate(&mut client)).await;
        migrated.unwrap_or_else(|_| Err(StoreError::timed_out()))
    }
}

async fn migrate(client: &mut Client) -> Result<(), StoreError> {
    let transaction = client.transaction().await?;
    // The lock ends with the transaction, which a pooler keeps on one session.
    let prepare = format!(
        "SELECT pg_advisory_xact_lock({MIGRATION_LOCK});
         CREATE TABLE IF NOT EXISTS neon_sms_relay_schema (version BIGINT NOT NULL);"
    );
    transaction.batch_execute(&prepare).await?;
    let select = "SELECT coalesce(max(version), 0) FROM neon_sms_relay_schema";
    let rows = transaction.query_typed(select, &[]).await?;
    let found: i64 = rows.first().ok_or(StoreError::Corrupt)?.try_get(0)?;
    let known = MIGRATIONS.len() as i64;
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    let done = usize::try_from(found).map_err(|_| StoreError::Corrupt)?;
    for (version, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        let record = format!("INSERT INTO neon_sms_relay_schema (version) VALUES ({});", version + 1);
        transaction.batch_execute(&format!("{migration}\n{record}")).await?;
    }
    Ok(transaction.commit().await?)
}

/// Why a statement failed, as far as the next step depends on it.
enum Failure {
    /// The connection had been closed, by a restart of the server for one.
    Closed,
    Store(StoreError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        // A server that is stopped says so (57P01, 57P02) or just hangs up, which has no code.
        match error.code().map(SqlState::code) {
            None | Some("57P01" | "57P02") => Self::Closed,
            Some(_) => Self::Store(error.into()),
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Closed => Self::Unreachable("the connection to PostgreSQL broke".to_owned()),
            Failure::Store(error) => error,
        }
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        // The code alone: PostgreSQL's sentence may quote what was written.
        match error.code() {
            Some(code) => Self::Failed(format!("SQLSTATE {}", code.code())),
            None => Self::Unreachable("the connection to PostgreSQL broke".to_owned()),
        }
    }
}
