use super::*;
use proptest::prelude::*;
use tokio_postgres::config::{ChannelBinding, Host, SslMode, TargetSessionAttrs};

fn address(url: &str) -> Address {
    Address::parse(url).unwrap().unwrap_or_else(|fault| panic!("{url}: {fault}"))
}

fn fault(url: &str) -> AddressFault {
    Address::parse(url).unwrap().map(|_| ()).expect_err(url)
}

fn password(url: &str) -> Option<String> {
    let found = address(url);
    let hosts = found.config.get_hosts();
    assert_eq!((hosts, found.config.get_dbname()), (&[Host::Tcp("host".into())][..], Some("db")), "{url}");
    found.config.get_password().map(|password| String::from_utf8(password.to_vec()).unwrap())
}

/// Field 14: a password is pasted as it is.
#[test]
fn a_password_may_hold_any_sign_as_it_is() {
    for (written, meant) in [
        ("plain", "plain"),
        ("p@ss", "p@ss"),
        ("p/ss", "p/ss"),
        ("p?ss", "p?ss"),
        ("p#ss", "p#ss"),
        ("p%ss", "p%ss"),
        ("100%", "100%"),
        ("p:ss", "p:ss"),
        ("p%40ss", "p@ss"),
        ("a@b/c?d#e%f@g", "a@b/c?d#e%f@g"),
        ("a/b@c/d", "a/b@c/d"),
        ("a?b=c@d", "a?b=c@d"),
        ("12/34", "12/34"),
        ("[YOUR+PW]", "[YOUR+PW]"),
    ] {
        for more in ["", "?sslmode=require", "?application_name=a@b&options=endpoint%3Dep-a"] {
            let url = format!("postgres://user:{written}@host:5432/db{more}");
            assert_eq!(password(&url).as_deref(), Some(meant), "{url}");
        }
    }
    assert_eq!(password("postgres://host/db?user=u&password=p@ss%2F1").as_deref(), Some("p@ss/1"));
    assert_eq!(password("postgres://user@host/db"), None);
}

proptest! {
    #[test]
    fn any_password_that_is_escaped_is_read_as_it_was(plain in "\\PC{1,20}") {
        let escaped: String = plain.bytes().map(|byte| format!("%{byte:02X}")).collect();
        prop_assert_eq!(password(&format!("postgres://user:{escaped}@host/db")), Some(plain));
    }

    #[test]
    fn whatever_is_written_is_understood_or_refused_without_being_repeated(text in "[a-z@/?#%:&=. ]{0,20}") {
        if let Some(Err(fault)) = Address::parse(&format!("postgres://u:s3cret{text}@h/s3cret?s3cret={text}")) {
            prop_assert!(!fault.to_string().contains("s3cret"), "{}", fault);
        }
    }
}

/// Field 14: what is understood holds.
#[test]
fn what_is_understood_holds() {
    let found = address(
        "postgresql://u:p@ep-x.aws.neon.tech/neondb?sslmode=require&channel_binding=require\
         &options=endpoint%3Dep-x&target_session_attrs=read-write&connect_timeout=15&application_name=me",
    );
    assert_eq!(found.config.get_options(), Some("endpoint=ep-x"));
    assert_eq!(found.config.get_channel_binding(), ChannelBinding::Require);
    assert_eq!(found.config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
    assert_eq!(found.config.get_ssl_mode(), SslMode::Require);
    assert_eq!(found.config.get_application_name(), Some("me"));
    assert_eq!(found.connect_timeout, Duration::from_secs(15));
    assert!(found.passed_over.is_empty());
    assert_eq!(address("postgres://h/db?connect_timeout=0").connect_timeout, CONNECT_TIMEOUT);

    let found = address("postgres://u@a:1,b:2/db");
    assert_eq!((found.config.get_hosts().len(), found.config.get_ports()), (2, &[1, 2][..]));
    let found = address("postgresql:///db?host=/var/run/postgresql&user=u");
    assert_eq!(found.config.get_hosts(), [Host::Unix("/var/run/postgresql".into())]);
    let found = address("postgres://u@[::1]:5433/db");
    assert_eq!(
        (found.config.get_hosts(), found.config.get_ports()),
        (&[Host::Tcp("::1".into())][..], &[5433][..])
    );
}

#[test]
fn a_url_is_understood_in_the_forms_that_other_programs_have() {
    for url in [
        "psql 'postgresql://u:p@host/db'",
        "postgresql+asyncpg://u:p@host/db",
        "postgresql+psycopg2://u:p@host/db",
        "jdbc:postgresql://host:5432/db?user=u&password=p",
        "POSTGRES://u:p@host/db",
        "postgres://u:p@host:/db",
    ] {
        assert_eq!(password(url).as_deref(), Some("p"), "{url}");
    }
    assert!(Address::parse("mysql://u:p@host/db").is_none() && Address::parse("host=h user=u").is_none());
}

/// Field 14: what only concerns another program is passed over, and named once.
#[test]
fn what_is_somebody_elses_is_passed_over_and_listed() {
    for (query, names) in [
        ("pgbouncer=true&connection_limit=1", &["connection_limit", "pgbouncer"][..]),
        ("schema=public&sslrootcert=system", &["schema"]),
        ("pool_timeout=10&statement_timeout=5000&pool_timeout=1", &["pool_timeout", "statement_timeout"]),
        ("prepareThreshold=0&s 3=cret", &["one that is not a name", "prepareThreshold"]),
        ("uselibpqcompat=true&sslmode=require", &[]),
        ("gssencmode=disable&client_encoding=UTF8&sslsni=1", &[]),
    ] {
        assert_eq!(address(&format!("postgres://u:p@h/db?{query}")).passed_over, names, "{query}");
    }
}

/// Field 14: what is wrong is named, and nothing of the URL with it.
#[test]
fn what_is_wrong_is_named() {
    for (url, words) in [
        ("postgres://u:s3cret@h:port/db", "port"),
        ("postgres://u:s3cret@h:70000/db", "port"),
        ("postgres://u:s3cret@h/db&sslmode=require", "first parameter with ?"),
        ("postgres://u:s3cret@h/db#s3cret", "#"),
        ("postgres://u:s3cret@h/db?sslmode=s3cret", "sslmode to one of disable, allow"),
        ("postgres://u:s3cret@h/db?sslmode", "without a value"),
        ("postgres://u:s3cret@h/db?connect_timeout=s3cret", "connect_timeout to a number of seconds"),
        ("postgres://u:s3cret@h/db?target_session_attrs=read-only", "target_session_attrs to one of any"),
        ("postgres://u:s3cret@h/db?channel_binding=s3cret", "channel_binding"),
        ("postgres://u:s3cret@h/db?gssencmode=require", "gssencmode"),
        ("postgres://u:s3cret@h/db?sslcrl=s3cret", "sslcrl"),
        ("postgres://u:s3cret@h/db?sslmode=disable&sslrootcert=system", "sslrootcert=system"),
        ("postgres://u:s3cret@h/db?hostaddr=s3cret", "hostaddr"),
        ("postgres://u:s3cret@/db", "no host"),
        ("postgres://", "no host"),
        ("postgres://u:s3cret@h,h:1/db?port=1,2,3", "number of ports"),
        ("postgres://u:s3cret@h!/db", "host"),
    ] {
        let text = fault(url).to_string();
        assert!(text.contains(words), "{url}: {text}");
        assert!(!text.contains("s3cret") && !text.contains("malformed"), "{text}");
    }
}

/// Field 15: whom to believe, by `sslmode` and `sslrootcert`.
#[test]
fn certificates_are_verified_as_the_table_says() {
    let file = |names| Certificates::OfFile { path: "/ca.pem".into(), names };
    for (query, mode, certificates) in [
        ("", SslMode::Prefer, Certificates::Trusted),
        ("sslmode=disable", SslMode::Disable, Certificates::Trusted),
        ("sslmode=allow", SslMode::Prefer, Certificates::Any),
        ("sslmode=prefer", SslMode::Prefer, Certificates::Any),
        ("sslmode=require", SslMode::Require, Certificates::Trusted),
        ("sslmode=Require", SslMode::Require, Certificates::Trusted),
        ("ssl=true", SslMode::Require, Certificates::Trusted),
        ("sslmode=require&uselibpqcompat=true", SslMode::Require, Certificates::Any),
        ("sslmode=no-verify", SslMode::Require, Certificates::Any),
        ("sslmode=verify-ca", SslMode::Require, Certificates::Trusted),
        ("sslmode=verify-full", SslMode::Require, Certificates::Trusted),
        ("sslrootcert=/ca.pem", SslMode::Require, file(true)),
        ("sslmode=require&sslrootcert=/ca.pem", SslMode::Require, file(false)),
        ("sslmode=verify-ca&sslrootcert=%2Fca.pem", SslMode::Require, file(false)),
        ("sslmode=verify-full&sslrootcert=/ca.pem", SslMode::Require, file(true)),
        ("sslrootcert=system", SslMode::Require, Certificates::Trusted),
        ("sslmode=require&sslrootcert=system", SslMode::Require, Certificates::Trusted),
    ] {
        let found = address(&format!("postgres://u@h/db?{query}"));
        assert_eq!((found.config.get_ssl_mode(), &found.certificates), (mode, &certificates), "{query}");
        assert!(found.passed_over.is_empty(), "{query}");
    }
}
