//! What people's databases say and do, and what the operator reads of it.

use crate::postgres::{select, server, session, store};
use crate::suite::{LEASE, NOW, accepted, acquire, after, event, outcome};
use futures_util::future::join_all;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn said(url: &str) -> String {
    store(url).ping().await.unwrap_err().to_string()
}

/// Field 18, and each cause by its name: the sentence says what is wrong and never a value.
#[tokio::test(flavor = "multi_thread")]
async fn each_reason_why_there_is_no_store_is_said_by_its_name() {
    let Some(mut server) = server() else { return };
    let url = server.url();
    let other = |from: &str, to: &str| url.replace(from, to);
    select(&server, "CREATE ROLE locked LOGIN PASSWORD 'right'").await;
    let rules = select(&server, "SELECT current_setting('hba_file')").await.remove(0);
    let others = std::fs::read_to_string(&rules).unwrap();
    std::fs::write(&rules, format!("host all locked 127.0.0.1/32 scram-sha-256\n{others}")).unwrap();
    select(&server, "SELECT pg_reload_conf()::text").await;
    for (url, words) in [
        (other("/postgres?", "/s3cret?"), "no such database (SQLSTATE 3D000)"),
        (other("test@", "locked:s3cret@"), "refuses the user's password (SQLSTATE 28P01)"),
        (other("sslmode=disable", "sslmode=require"), "refuses TLS"),
        (
            other("sslmode=disable", "sslmode=disable&options=-csearch_path%3D"),
            "ALTER ROLE \"test\" SET search_path",
        ),
        ("postgres://u:s3cret@no-such-host.invalid/db".to_owned(), "DNS"),
    ] {
        let said = said(&url).await;
        assert!(said.contains(words), "{words}: {said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
    server.stop();
    assert!(said(&url).await.contains("refuses the connection"));
}

/// Field 18: whoever may not create tables is told what to run, and needs it no more once they are there.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_not_create_tables_works_where_they_are() {
    let Some(server) = server() else { return };
    select(&server, "CREATE ROLE plain LOGIN").await;
    select(&server, "REVOKE CREATE ON SCHEMA public FROM PUBLIC").await;
    let plain = server.url().replace("test@", "plain@");
    let said = said(&plain).await;
    assert!(
        said.contains("GRANT USAGE, CREATE ON SCHEMA public TO \"plain\"") && said.contains("42501"),
        "{said}"
    );
    store(&server.url()).ping().await.unwrap();
    for grant in [
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO plain",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO plain",
    ] {
        select(&server, grant).await;
    }
    acquire(&*store(&plain), "a", NOW).await;
}

/// Field 17: a router that forgets connections tells nobody; one delivery waits for that, and not eight.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_fall_silent_cost_one_delivery_its_time_and_not_all() {
    let Some(server) = server() else { return };
    let (url, silence) = proxy(&server.url()).await;
    let store = store(&url);
    let events: Vec<_> = (0..8).map(|number| event(&format!("before-{number}"))).collect();
    assert!(
        join_all(events.iter().map(|event| store.claim(event, NOW, LEASE))).await.iter().all(Result::is_ok)
    );
    silence();
    let mut failed = 0;
    for number in 0..12 {
        failed += usize::from(store.claim(&event(&format!("after-{number}")), NOW, LEASE).await.is_err());
    }
    assert!(failed <= 1, "{failed} of 12 failed");
}

/// Something between the store and its server. Once it is told to, it forgets the connections that it has.
async fn proxy(url: &str) -> (String, impl Fn() + use<>) {
    let (_, rest) = url.split_once('@').unwrap();
    let address = rest.split('/').next().unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let through = url.replace(&address, &listener.local_addr().unwrap().to_string());
    let current = Arc::new(std::sync::Mutex::new(Arc::new(AtomicBool::new(false))));
    let running = current.clone();
    tokio::runtime::Handle::current().spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = TcpStream::connect(&address).await.unwrap();
            let silent = running.lock().unwrap().clone();
            let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
            for (mut from, mut to) in [(near_read, far_write), (far_read, near_write)] {
                let silent = silent.clone();
                tokio::runtime::Handle::current().spawn(async move {
                    let mut bytes = [0; 4096];
                    while let Ok(read @ 1..) = from.read(&mut bytes).await {
                        if silent.load(Ordering::SeqCst) {
                            std::future::pending::<()>().await;
                        }
                        if to.write_all(&bytes[..read]).await.is_err() {
                            return;
                        }
                    }
                });
            }
        }
    });
    let silence = move || {
        let forgotten = std::mem::take(&mut *current.lock().unwrap());
        forgotten.store(true, Ordering::SeqCst);
    };
    (through, silence)
}

/// Field 15: a certificate that no public authority has signed, as `sslmode` and `sslrootcert` have it.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_ones_own_is_believed_as_the_url_says() {
    let Some(server) = server() else { return };
    let folder = select(&server, "SELECT current_setting('data_directory')").await.remove(0);
    for (name, pem) in [
        ("server.crt", include_str!("../../fixtures/tls/server.pem")),
        ("server.key", include_str!("../../fixtures/tls/server.key")),
    ] {
        // Written by the server, to which the file has to belong.
        let path = format!("{folder}/{name}");
        let lines = pem.trim().replace('\n', "~");
        select(&server, &format!("COPY (SELECT unnest(string_to_array('{lines}', '~'))) TO '{path}'")).await;
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    }
    select(&server, "ALTER SYSTEM SET ssl = on").await;
    select(&server, "SELECT pg_reload_conf()::text").await;
    let url = |query: &str| server.url().replace("sslmode=disable", query);
    let fixture = |name: &str| format!("{}/fixtures/tls/{name}", env!("CARGO_MANIFEST_DIR"));
    // The reload takes its time.
    while store(&url("sslmode=no-verify")).ping().await.is_err() {}
    let (authority, itself) = (fixture("ca.pem"), fixture("server.pem"));
    for query in [
        "sslmode=no-verify".to_owned(),
        "sslmode=require&uselibpqcompat=true".to_owned(),
        format!("sslmode=require&sslrootcert={authority}"),
        format!("sslmode=verify-ca&sslrootcert={authority}"),
        format!("sslmode=require&sslrootcert={itself}"),
    ] {
        let pinged = store(&url(&query)).ping().await;
        assert!(pinged.is_ok(), "{query}: {pinged:?}");
    }
    // It is for localhost.
    for file in [authority, itself] {
        let by_address = url(&format!("sslmode=verify-full&sslrootcert={file}"));
        assert!(said(&by_address).await.contains("another host name"));
        store(&by_address.replace("127.0.0.1", "localhost")).ping().await.unwrap();
    }
    for query in ["sslmode=require", "sslmode=verify-full", "sslrootcert=system"] {
        let said = said(&url(query)).await;
        assert!(said.contains("certificate") && said.contains("sslrootcert"), "{query}: {said}");
    }
}

/// Field 16: a compute that sleeps takes seconds to wake; whoever may wait waits as long as the URL says.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_wakes_slowly_is_waited_for_as_long_as_the_url_says() {
    let Some(server) = server() else { return };
    let sleepy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_, rest) =
        server.url().split_once('@').map(|(user, rest)| (user.to_owned(), rest.to_owned())).unwrap();
    let address = rest.split('/').next().unwrap().to_owned();
    let url = server.url().replace(&address, &sleepy.local_addr().unwrap().to_string());
    tokio::runtime::Handle::current().spawn(async move {
        while let Ok((mut near, _)) = sleepy.accept().await {
            let address = address.clone();
            tokio::runtime::Handle::current().spawn(async move {
                // What is simulated is the time itself.
                tokio::time::sleep(std::time::Duration::from_secs(4)).await;
                let mut far = TcpStream::connect(&address).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    let (impatient, patient) = (format!("{url}&connect_timeout=1"), format!("{url}&connect_timeout=10"));
    assert!(said(&impatient).await.contains("in time"));
    store(&patient).ping().await.unwrap();
}

/// Two statements that wait for each other: PostgreSQL undoes one of them, and that one is as good a moment later.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_was_undone_for_another_one_s_sake_is_run_again() {
    let Some(server) = server() else { return };
    let (store, mut other) = (store(&server.url()), session(&server).await);
    let lease = acquire(&*store, "a", NOW).await;
    store.finish(lease, &outcome(accepted()), NOW).await.unwrap();
    // It waits longer before it looks, so that the store's statement is the one that is undone.
    other.batch_execute("SET deadlock_timeout = '20s'").await.unwrap();
    let transaction = other.transaction().await.unwrap();
    transaction.execute("SELECT FROM neon_sms_relay_numbers FOR UPDATE", &[]).await.unwrap();
    // Has the delivery, and wants its number.
    let later = after(LEASE);
    let purge = tokio::runtime::Handle::current().spawn({
        let store = store.clone();
        async move { store.purge(later, later).await }
    });
    let waits = "SELECT pid::text FROM pg_stat_activity
                 WHERE application_name = 'neon-sms-relay' AND wait_event_type = 'Lock'";
    while select(&server, waits).await.is_empty() {}
    transaction.execute("SELECT FROM neon_sms_relay_deliveries FOR UPDATE", &[]).await.unwrap();
    transaction.commit().await.unwrap();
    // The second time it may have passed over the row that somebody else had.
    let first = purge.await.unwrap().unwrap();
    assert_eq!(first + store.purge(later, later).await.unwrap(), 1);
}
