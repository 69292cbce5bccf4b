use super::*;

/// The smallest configuration that works.
fn minimal() -> Vec<(&'static str, &'static str)> {
    vec![
        ("NEON_AUTH_URL", "https://ep-cool-sound-12345678.neonauth.us-east-2.aws.neon.tech/neondb/auth"),
        ("SMS_PROVIDER", "log"),
        ("ALLOW_LOG_PROVIDER", "1"),
    ]
}

fn settings(more: &[(&'static str, &'static str)]) -> Result<Settings, ConfigErrors> {
    let vars = minimal().into_iter().chain(more.iter().copied());
    Settings::from_vars(vars.map(|(name, value)| (name.to_owned(), value.to_owned())))
}

fn faulty(more: &[(&'static str, &'static str)]) -> Vec<String> {
    settings(more).unwrap_err().0.into_iter().map(|fault| fault.variable).collect()
}

#[test]
fn the_smallest_configuration_gets_the_documented_defaults() {
    let settings = settings(&[]).unwrap();
    assert_eq!((settings.server.host.to_string().as_str(), settings.server.port), ("0.0.0.0", 8080));
    assert_eq!((settings.server.metrics_port, settings.server.max_in_flight), (Some(9091), 2000));
    assert_eq!(settings.neon.timeout.as_secs(), 5);
    assert_eq!(settings.neon.tolerance.as_secs(), 300);
    assert_eq!(settings.store.ttl.as_secs(), 24 * 3600);
    assert_eq!(settings.sms.max_sends, 2);
    assert_eq!(
        settings.neon.jwks_urls[0].as_str(),
        "https://ep-cool-sound-12345678.neonauth.us-east-2.aws.neon.tech/neondb/auth/.well-known/jwks.json"
    );
    let EndpointRule::Only(ids) = settings.neon.endpoints else { panic!("any endpoint is served") };
    assert_eq!(ids.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["ep-cool-sound-12345678"]);
}

#[test]
fn all_faults_are_told_at_once_and_no_value_is() {
    let vars =
        [("PORT", "s3cret"), ("SMS_PROVIDER", "s3cret"), ("STORE_URL", "s3cret"), ("HOST", "s3cret s3cret")];
    let errors =
        Settings::from_vars(vars.map(|(name, value)| (name.to_owned(), value.to_owned()))).unwrap_err();
    let text = errors.to_string();
    for name in ["PORT", "SMS_PROVIDER", "STORE_URL", "HOST", "NEON_AUTH_URL"] {
        assert!(text.contains(name), "{name} in: {text}");
    }
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn wrong_values_are_named_by_their_variable() {
    for (name, value) in [
        ("PORT", "65536"),
        ("WORKERS", "0"),
        ("PUBLIC_URL", "http://relay.example.com"),
        ("LOG_FORMAT", "xml"),
        ("RUST_LOG", "a=b=c"),
        ("NEON_AUTH_URL", "http://ep-x.example.com"),
        ("NEON_AUTH_URL", ","),
        ("NEON_TIMEOUT_SECONDS", "11"),
        ("NEON_JWKS_URL", "ftp://x"),
        ("SMS_PROVIDER", "log,log"),
        ("SMS_PROVIDER", "carrier-pigeon"),
        ("SMS_PROVIDER", "stub"),
        ("SMS_TEMPLATE", "no code"),
        ("SMS_WEB_OTP_DOMAIN", "https://example.com"),
        ("STORE_FAILURE", "panic"),
        ("STORE_TTL_HOURS", "forever"),
        ("BEFORE_CREATE", "deny"),
        ("FORWARD_URL", "app.example.com/hook"),
        ("FORWARD_URL", "http://app.example.com/hook"),
        ("FORWARD_URL", "http://203.0.113.7/hook"),
        ("FORWARD_URL_COOL_SOUND", "https://app.example.com/hook"),
        ("FORWARD_URL_EP_COOL_SOUND_12345678", "ftp://app.example.com/hook"),
    ] {
        assert_eq!(faulty(&[(name, value)]), [name], "{name}={value}");
    }
}

#[test]
fn the_log_provider_needs_an_explicit_yes() {
    assert_eq!(faulty(&[("ALLOW_LOG_PROVIDER", "")]), ["SMS_PROVIDER"]);
}

#[test]
fn an_event_cannot_be_replayed_after_it_was_forgotten() {
    assert_eq!(
        faulty(&[("STORE_TTL_HOURS", "1"), ("NEON_TIMESTAMP_TOLERANCE_SECONDS", "3600")]),
        ["STORE_TTL_HOURS"]
    );
}

#[test]
fn several_branches_pin_several_endpoints_and_a_pooled_host_is_the_same_endpoint() {
    let urls = "https://ep-a-1-pooler.x.neon.tech/neondb/auth, https://ep-b-2.x.neon.tech/neondb/auth/";
    let settings = settings(&[("NEON_AUTH_URL", urls)]).unwrap();
    assert_eq!(settings.neon.jwks_urls.len(), 2);
    assert_eq!(settings.neon.jwks_urls[1].path(), "/neondb/auth/.well-known/jwks.json");
    let EndpointRule::Only(ids) = settings.neon.endpoints else { panic!("any endpoint is served") };
    let mut ids: Vec<_> = ids.iter().map(|id| id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["ep-a-1", "ep-b-2"]);
    assert_eq!(
        faulty(&[("NEON_AUTH_URL", urls), ("NEON_JWKS_URL", "https://x.example/jwks")]),
        ["NEON_JWKS_URL"]
    );
}

#[test]
fn an_auth_url_without_an_endpoint_asks_for_the_endpoints() {
    let url = ("NEON_AUTH_URL", "https://auth.example.com/neondb/auth");
    assert_eq!(faulty(&[url]), ["NEON_ENDPOINT_IDS"]);
    assert_eq!(settings(&[url, ("NEON_ENDPOINT_IDS", "*")]).unwrap().neon.endpoints, EndpointRule::Any);
    assert!(
        matches!(settings(&[url, ("NEON_ENDPOINT_IDS", "ep-a, ep-b")]).unwrap().neon.endpoints, EndpointRule::Only(ids) if ids.len() == 2)
    );
}

#[test]
fn the_older_name_of_the_auth_url_works_and_values_are_trimmed() {
    let vars = [
        ("NEON_AUTH_BASE_URL", " https://ep-x.neon.tech/auth\n"),
        ("SMS_PROVIDER", " log "),
        ("ALLOW_LOG_PROVIDER", "1"),
    ];
    assert!(Settings::from_vars(vars.map(|(name, value)| (name.to_owned(), value.to_owned()))).is_ok());
}

#[test]
fn variables_of_a_provider_that_is_not_used_are_warned_about() {
    let settings = settings(&[("VONAGE_API_KEY", "k")]).unwrap();
    assert_eq!(settings.warnings.len(), 1);
    assert!(settings.warnings[0].contains("VONAGE_"), "{:?}", settings.warnings);
}

#[test]
fn a_template_that_needs_more_than_one_segment_is_warned_about() {
    let long = format!("{{{{ code }}}} {}", "x".repeat(160));
    for template in [
        long.as_str(),
        "{{ code }} ← dein Code für die Anmeldung bei uns, bitte gib ihn niemals weiter, an niemanden",
    ] {
        let vars = [
            ("SMS_PROVIDER", "log"),
            ("ALLOW_LOG_PROVIDER", "1"),
            ("NEON_AUTH_URL", "https://ep-x.neon.tech/auth"),
            ("SMS_TEMPLATE", template),
        ];
        let settings =
            Settings::from_vars(vars.map(|(name, value)| (name.to_owned(), value.to_owned()))).unwrap();
        assert!(settings.warnings[0].contains("2 segments"), "{:?}", settings.warnings);
    }
    assert!(settings(&[]).unwrap().warnings.is_empty());
}

#[test]
fn plain_http_is_for_apps_that_only_a_private_network_knows() {
    for url in [
        "https://app.example.com/hook?x=1",
        "http://localhost:3000/api/hook",
        "http://127.0.0.1:3000",
        "http://app:3000/hook",
        "http://my-app.internal:8080/hook",
        "http://10.0.0.7/hook",
        "http://[fdaa::3]/hook",
    ] {
        let targets = settings(&[("FORWARD_URL", url)]).unwrap().forward.routing.targets;
        assert!(targets.default.is_some(), "{url}");
    }
}

#[test]
fn a_branch_may_have_an_app_of_its_own_and_one_that_is_not_served_is_warned_about() {
    let own = ("FORWARD_URL_EP_COOL_SOUND_12345678", "https://preview.example.com/hook");
    let served = settings(&[own]).unwrap();
    let targets = served.forward.routing.targets;
    let endpoint = crate::domain::EndpointId::new("ep-cool-sound-12345678");
    assert_eq!(targets.of(endpoint.as_ref()).unwrap().host_str(), Some("preview.example.com"));
    assert_eq!((targets.of(None), served.warnings.len()), (None, 0));

    let warnings = settings(&[own, ("NEON_ENDPOINT_IDS", "ep-cool-sound-12345678,ep-b")]).unwrap().warnings;
    assert_eq!(warnings, ["no FORWARD_URL takes the events of ep-b that are not for SMS"]);

    let warnings = settings(&[("FORWARD_URL_EP_OTHER", "https://x.example.com")]).unwrap().warnings;
    assert!(
        warnings[0].contains("FORWARD_URL_EP_OTHER") && warnings[0].contains("not served"),
        "{warnings:?}"
    );
}

#[test]
fn what_forwarding_loses_or_ignores_is_warned_about() {
    let app = ("FORWARD_URL", "https://app.example.com/hook");
    for (vars, words) in [
        (vec![app, ("STORE_URL", "memory:")], "forgets, on a restart"),
        (vec![app, ("BEFORE_CREATE", "allow")], "BEFORE_CREATE=allow has no effect"),
        (vec![("FORWARD_SECRET", "s3cret")], "FORWARD_SECRET is set and has no effect"),
    ] {
        let warnings = settings(&vars).unwrap().warnings;
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains(words) && !warnings[0].contains("s3cret"), "{warnings:?}");
    }
    assert!(settings(&[app, ("FORWARD_SECRET", "s3cret")]).unwrap().warnings.is_empty());
}

#[test]
fn providers_are_named_in_any_case_and_a_wrong_one_by_its_place() {
    let twilio = [
        ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("TWILIO_AUTH_TOKEN", "s3cret"),
        ("TWILIO_MESSAGING_SERVICE_SID", "MGaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("MESSAGEBIRD_ACCESS_KEY", "s3cret"),
        ("MESSAGEBIRD_ORIGINATOR", "Acme"),
    ];
    for names in ["TWILIO", "Twilio, Bird", "messagebird,twilio", "BIRD"] {
        let more = [&twilio[..], &[("SMS_PROVIDER", names)]].concat();
        assert!(settings(&more).is_ok(), "{names}");
    }
    let text = |names| settings(&[&twilio[..], &[("SMS_PROVIDER", names)]].concat()).unwrap_err().to_string();
    let wrong = text("twilio,s3cret");
    assert!(wrong.contains("(its name no. 2)") && !wrong.contains("s3cret"), "{wrong}");
    assert!(text("twillio").contains("is twilio meant?"));
}

/// Field 12: a neighbour has a name that only its own network knows.
#[test]
fn an_app_of_the_same_network_is_forwarded_to_in_plain_http() {
    for url in [
        "http://app.production:3000/x",
        "http://app.default.svc.cluster.local.",
        "http://100.64.0.5",
        "http://[fe80::1]",
    ] {
        assert!(settings(&[("FORWARD_URL", url)]).is_ok(), "{url}");
        assert!(settings(&[("FORWARD_URL_EP_COOL_SOUND_12345678", url)]).is_ok(), "{url}");
    }
    assert_eq!(faulty(&[("FORWARD_URL", "http://app.example.com")]), ["FORWARD_URL"]);
}
