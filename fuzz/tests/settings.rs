//! What the operator writes: templates, `.env` files, the store's address. Nobody's mistake ends in a panic, and no
//! complaint repeats what was written.

use bolero::check;
use neon_sms_relay::config::dotenv;
use neon_sms_relay::domain::{MessageTemplate, OtpCode, OtpType};
use neon_sms_relay::store::StoreAddress;
use neon_sms_relay_fuzz::{CODE, SECRET, assert_says_nothing, spoilt};
use std::time::Duration;
use url::form_urlencoded::byte_serialize;

#[test]
fn a_template_prints_every_code_or_is_refused() {
    let seeds: &[&[u8]] = &[
        b"Your {{ app }} code is {{ code }}. It expires in {{ minutes }} min.",
        b"{% if otp_type == 'sign-in' %}{{ app|upper }}: {{ code }}{% else %}{{ code }}{% endif %}",
        b"{{ code[:3] }}-{{ code[3:] }} {# s3cr3t-of-the-account #}",
        b"{% for digit in code %}{{ digit }}{% endfor %} {{ app ~ minutes }}",
    ];
    let Some(code) = OtpCode::new(CODE) else { panic!("it is a code") };
    check!().with_type::<(Vec<u8>, Option<String>, u32, bool)>().for_each(
        |(recipe, project, seconds, bound)| {
            let source = String::from_utf8_lossy(&spoilt(seeds, recipe)).into_owned();
            let domain = bound.then(|| "app.example.com".to_owned());
            match MessageTemplate::new(&source, None, domain) {
                Ok(template) => {
                    let lasts = Duration::from_secs(u64::from(*seconds));
                    let text = template.render(&code, project.as_deref(), OtpType::SignIn, lasts);
                    match text {
                        Ok(text) => {
                            assert!(!bound || text.expose().ends_with("\n\n@app.example.com #042137"));
                            assert!(!format!("{text:?}").contains(CODE), "a text can be printed");
                        }
                        Err(error) => assert_says_nothing(&format!("{error} {error:?}")),
                    }
                }
                Err(error) => assert_says_nothing(&format!("{error} {error:?}")),
            }
        },
    );
}

#[test]
fn a_dotenv_file_is_read_or_refused_by_its_line() {
    let seeds: &[&[u8]] = &[
        b"TWILIO_AUTH_TOKEN=s3cr3t-of-the-account\nexport A='single $B'\nB=\"a\\n${A}\" # why\n\nC=$A\r\n",
        b"PEM=\"-----BEGIN\ns3cr3t-of-the-account\n-----END\"\n\xef\xbb\xbfX=1\nY=Joe's\n",
        b"\xff\xfeA\0=\0b\0",
    ];
    check!().with_type::<Vec<u8>>().for_each(|recipe| {
        let file = spoilt(seeds, recipe);
        match dotenv::parse(&file, |name| (name == "HOME").then(|| "/root".to_owned())) {
            Ok(pairs) => {
                assert!(pairs.iter().all(|(name, _)| !name.is_empty() && !name.contains(['=', '\n', ' '])));
                let lines = file.split(|byte| *byte == b'\n').count();
                assert!(pairs.len() <= lines, "{} values in {lines} lines", pairs.len());
            }
            Err(error) => {
                assert_says_nothing(&format!("{error} {error:?}"));
            }
        }
    });
}

#[test]
fn the_stores_address_is_understood_or_refused_without_a_word_of_it() {
    let seeds: &[&[u8]] = &[
        b"postgres://user:s3cr3t-of-the-account@db.example.com:5432/relay?sslmode=verify-full&connect_timeout=10&options=-csearch_path%3Dx",
        b"postgresql://u:s3cr3t-of-the-account@/db?host=%2Frun%2Fpostgresql&channel_binding=require",
        b"host=db.example.com user=u password='s3cr3t-of-the-account' dbname=relay",
        b"sqlite:///data/relay.db?mode=rwc", b"sqlite::memory:", b"memory:", b"\"file:relay%20.db\"",
    ];
    check!().with_type::<Vec<u8>>().for_each(|recipe| {
        let url = String::from_utf8_lossy(&spoilt(seeds, recipe)).into_owned();
        match StoreAddress::parse(&url) {
            Ok(address) => {
                assert!(address.patience() >= Duration::from_secs(5));
                assert!(address.passed_over().iter().all(|name| !name.contains(SECRET)), "{address:?}");
            }
            Err(fault) => assert_says_nothing(&format!("{fault} {fault:?}")),
        }
    });
}

#[test]
fn a_password_in_the_stores_address_is_never_shown() {
    check!().with_type::<(String, String, String)>().for_each(|(user, password, database)| {
        let password = format!("{password}{SECRET}");
        let [user, password, database] = [user, &password, database]
            .map(|part| byte_serialize(part.as_bytes()).collect::<String>().replace('+', "%20"));
        let shown =
            match StoreAddress::parse(&format!("postgres://{user}:{password}@db.example.com/{database}")) {
                Ok(address) => format!("{address:?}"),
                Err(fault) => format!("{fault} {fault:?}"),
            };
        assert!(!shown.contains(SECRET), "{shown}");
    });
}
