//! The relay in other people's networks: behind proxies, among private authorities, and where nothing answers.

use crate::app_stub::AppStub;
use crate::harness::{Signer, event, otp};
use crate::process::{ReadyRelay, run};
use crate::surroundings::{Proxy, https_server, tls_file};
use std::net::{SocketAddr, TcpListener};
use tempfile::TempDir;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

const CREATED: &str = include_str!("../../fixtures/twilio/created_by_number.json");
const ACCOUNT: [(&str, &str); 4] = [
    ("SMS_PROVIDER", "twilio"),
    ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    ("TWILIO_AUTH_TOKEN", "s3cret"),
    ("TWILIO_FROM_NUMBER", "+15005550006"),
];
/// A vendor that only a proxy finds.
const VENDOR: (&str, &str) = ("TWILIO_BASE_URL", "https://vendor.example");

/// Exit code and everything that a command writes.
fn command(folder: &TempDir, arguments: &[&str], vars: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = run(folder.path(), arguments, vars);
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    assert!(!text.contains("s3cret"), "{text}");
    (output.status.code(), text)
}

/// Sends a test text with `more` over a Twilio account.
fn send(more: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    command(&folder, &["send", "--to", "+15551234567"], &[&ACCOUNT, more].concat())
}

async fn vendor() -> SocketAddr {
    https_server("server.pem", 201, CREATED.to_owned()).await
}

/// Field 1: a company's proxy variables in the environment of a container; codes pass it in clear text never.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_sees_nothing_of_what_is_on_this_machine() {
    let (proxy, vendor) = (Proxy::http(None).await, MockServer::start().await);
    let app = AppStub::answering(ResponseTemplate::new(200)).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(201).set_body_string(CREATED)).mount(&vendor).await;
    let (proxy_url, vendor_url, app_url) = (format!("http://{}", proxy.address), vendor.uri(), app.url());
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let mut vars = ACCOUNT.to_vec();
    vars.extend(names.map(|name| (name, proxy_url.as_str())));
    vars.extend([("TWILIO_BASE_URL", vendor_url.as_str()), ("FORWARD_URL", &app_url)]);
    let relay = ReadyRelay::start(&vars).await;
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
    assert_eq!(relay.deliver(&event("send.magic_link")).await.status, 200);
    assert_eq!(app.requests().await.len(), 1);

    let port = relay.process.url.rsplit_once(':').unwrap().1.to_owned();
    vars.push(("PORT", &port));
    let (code, text) = command(&tempfile::tempdir().unwrap(), &["healthcheck"], &vars);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(proxy.asked(), Vec::<String>::new());
}

/// Field 1: plain http never goes through a proxy, also to a neighbour whose name only the network knows.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_sees_nothing_that_is_not_encrypted() {
    let proxy = Proxy::http(None).await;
    let proxy_url = format!("http://{}", proxy.address);
    let vars = [
        ("NEON_AUTH_URL", "http://127.0.0.1:1/neondb/auth"),
        ("FORWARD_URL", "http://app.invalid:3000/hook"),
        ("HTTP_PROXY", &proxy_url),
        ("ALL_PROXY", &proxy_url),
        ("STORE_URL", "memory:"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let (_, table) = command(
        &folder,
        &["doctor"],
        &[&ACCOUNT[..], &vars, &[("TWILIO_BASE_URL", "http://127.0.0.1:1")]].concat(),
    );
    assert!(
        table
            .contains("http://app.invalid:3000 gives no answer from here: its name cannot be resolved (DNS)"),
        "{table}"
    );
    assert_eq!(proxy.asked(), Vec::<String>::new());
}

/// Field 1: a public vendor is reached through the proxy, encrypted from end to end.
#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_is_reached_through_the_proxy_unless_no_proxy_names_it() {
    let proxy = Proxy::http(Some(vendor().await)).await;
    let (url, bare, roots) =
        (format!("http://u:s3cret@{}", proxy.address), proxy.address.to_string(), tls_file("ca.pem"));
    for (name, proxy_url) in
        [("HTTPS_PROXY", &url), ("https_proxy", &url), ("ALL_PROXY", &url), ("all_proxy", &bare)]
    {
        let (code, text) = send(&[VENDOR, (name, proxy_url), ("SSL_CERT_FILE", &roots)]);
        assert_eq!(code, Some(0), "{name}: {text}");
    }
    assert_eq!(proxy.asked(), ["CONNECT vendor.example:443 HTTP/1.1"; 4]);

    for except in ["vendor.example", ".example", "*.example", "*", "other.example, vendor.example"] {
        let (code, text) =
            send(&[VENDOR, ("HTTPS_PROXY", &url), ("NO_PROXY", except), ("SSL_CERT_FILE", &roots)]);
        assert_eq!(code, Some(1), "{except}: {text}");
        assert!(text.contains("its name cannot be resolved (DNS)"), "{except}: {text}");
    }
    assert_eq!(proxy.asked().len(), 4);
}

/// Field 2: a SOCKS proxy is one as well, under the names that desktops give it.
#[tokio::test(flavor = "multi_thread")]
async fn a_socks_proxy_is_used_and_resolves_names() {
    let proxy = Proxy::socks(vendor().await).await;
    for scheme in ["socks5h", "socks"] {
        let (url, roots) = (format!("{scheme}://{}", proxy.address), tls_file("ca.pem"));
        let (code, text) = send(&[VENDOR, ("ALL_PROXY", &url), ("SSL_CERT_FILE", &roots)]);
        assert_eq!(code, Some(0), "{scheme}: {text}");
    }
    assert_eq!(proxy.asked(), ["vendor.example"; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_refuses_or_is_not_there_is_called_the_cause() {
    let refusing = format!("http://{}", Proxy::http(None).await.address);
    for url in [refusing.as_str(), "http://127.0.0.1:1", "socks5h://127.0.0.1:1", "http://proxy.invalid:3128"]
    {
        let (code, text) = send(&[VENDOR, ("HTTPS_PROXY", url)]);
        assert_eq!(code, Some(1), "{url}: {text}");
        assert!(
            text.contains("unavailable") && text.contains("the proxy (HTTPS_PROXY, ALL_PROXY) refuses"),
            "{url}: {text}"
        );
    }
}

/// Field 3: a company's own authority, for vendors, keys and the app.
#[tokio::test(flavor = "multi_thread")]
async fn a_private_authority_is_trusted_once_it_is_named_and_called_the_matter_before() {
    let keys = https_server("server.pem", 200, Signer::new().jwks().to_string()).await.port();
    let (auth, app) =
        (format!("https://localhost:{keys}/neondb/auth"), format!("https://localhost:{keys}/hook"));
    let vendor = format!("https://localhost:{}", vendor().await.port());
    let vars = [
        ("NEON_AUTH_URL", auth.as_str()),
        ("FORWARD_URL", &app),
        ("TWILIO_BASE_URL", &vendor),
        ("STORE_URL", "memory:"),
    ];
    let vars = [&ACCOUNT[..], &vars].concat();
    let folder = tempfile::tempdir().unwrap();
    let (_, table) = command(&folder, &["doctor"], &vars);
    let words = "its certificate is from an authority that is not trusted here (SSL_CERT_FILE adds one)";
    assert_eq!(table.matches(words).count(), 3, "{table}");

    std::fs::copy(tls_file("ca.pem"), folder.path().join("0a1b2c3d.0")).unwrap();
    let (file, directory) = (tls_file("ca.pem"), folder.path().to_str().unwrap().to_owned());
    for trusted in [("SSL_CERT_FILE", file.as_str()), ("SSL_CERT_DIR", &directory)] {
        let (_, table) = command(&folder, &["doctor"], &[&vars[..], &[trusted]].concat());
        assert!(table.contains("1 usable at") && table.contains("answers, with 200 to HEAD"), "{table}");
        assert!(!table.contains("certificate"), "{table}");
    }
    std::fs::write(folder.path().join(".env"), format!("SSL_CERT_FILE={file}\n")).unwrap();
    let (_, table) = command(&folder, &["doctor"], &vars);
    assert!(table.contains("1 usable at"), "{table}");
}

/// Field 3: whoever names a file wants it to be believed.
#[test]
fn a_file_of_authorities_that_cannot_be_used_is_a_fault() {
    for file in ["/not/there.pem", &tls_file("server.key"), "/"] {
        let (code, text) = send(&[("SSL_CERT_FILE", file)]);
        assert_eq!(code, Some(2), "{file}: {text}");
        assert!(text.contains("1 fault") && text.contains("SSL_CERT_FILE "), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reason_why_nothing_answers_has_its_own_words() {
    let (expired, other) = (
        https_server("expired.pem", 200, String::new()).await,
        https_server("server.pem", 200, String::new()).await,
    );
    let plain = MockServer::start().await;
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let causes = [
        ("http://127.0.0.1:1".to_owned(), "it refuses the connection"),
        ("https://neon.invalid".to_owned(), "its name cannot be resolved (DNS)"),
        (format!("https://localhost:{}", expired.port()), "its certificate has expired"),
        (format!("https://127.0.0.1:{}", other.port()), "its certificate is for another host name"),
        (format!("https://{}", plain.address()), "it does not speak TLS"),
        (plain.uri(), "it answers with 404"),
        (format!("http://{}", silent.local_addr().unwrap()), "it does not answer in time"),
    ];
    let urls: Vec<_> = causes.iter().map(|(url, _)| format!("{url}/neondb/auth")).collect();
    let (urls, roots) = (urls.join(","), tls_file("ca.pem"));
    let vars = [
        ("NEON_AUTH_URL", urls.as_str()),
        ("NEON_ENDPOINT_IDS", "*"),
        ("SMS_PROVIDER", "log"),
        ("ALLOW_LOG_PROVIDER", "1"),
        ("STORE_URL", "memory:"),
        ("SSL_CERT_FILE", &roots),
    ];
    let (code, table) = command(&tempfile::tempdir().unwrap(), &["doctor"], &vars);
    assert_eq!(code, Some(1), "{table}");
    for (url, words) in &causes {
        let line = table.lines().find(|line| line.contains(&format!("none from {url}/")));
        assert!(line.is_some_and(|line| line.contains(words)), "{url}, {words}: {table}");
    }
}
