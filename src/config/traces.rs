//! `OTEL_…`: where traces go, by the names that OpenTelemetry has given
//! (<https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/> and
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>).

use super::Vars;
use super::fault::Faults;
use super::host::is_private;
use secrecy::SecretString;
use std::time::Duration;
use url::Url;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

/// Where traces go, and as whose.
#[derive(Debug, Clone)]
pub struct TraceSettings {
    /// The whole URL.
    pub endpoint: Url,
    /// What the collector wants to see.
    pub headers: Vec<(String, SecretString)>,
    /// How long one request may take.
    pub timeout: Duration,
    /// Whether requests are compressed.
    pub gzip: bool,
    /// The service's name.
    pub service: String,
    /// Its further attributes.
    pub attributes: Vec<(String, String)>,
    /// Which traces are recorded.
    pub sampling: TraceSampling,
}

/// Which traces are recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TraceSampling {
    /// The share, from 0 to 1.
    pub ratio: f64,
    /// Whether whoever has begun a trace elsewhere decides about it.
    pub by_parent: bool,
}

impl TraceSettings {
    /// `None` if there is no endpoint, or traces are turned off.
    pub(super) fn read(vars: &Vars, faults: &mut Faults, warnings: &mut Vec<String>) -> Option<Self> {
        let is = |name, word: &str| vars.get(name).is_some_and(|value| value.eq_ignore_ascii_case(word));
        if is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none") {
            return None;
        }
        let (variable, value) =
            [TRACES_ENDPOINT, ENDPOINT].into_iter().find_map(|name| Some((name, vars.get(name)?)))?;
        if vars.get("OTEL_TRACES_EXPORTER").is_some() && !is("OTEL_TRACES_EXPORTER", "otlp") {
            faults.add::<()>("OTEL_TRACES_EXPORTER", "is neither otlp nor none", "unset it");
        }
        let (name, protocol) = either(vars, "PROTOCOL");
        if protocol.is_some_and(|protocol| protocol != "http/protobuf") {
            let remedy =
                "unset it, and set the endpoint's port for HTTP, which is 4318 and not 4317 by default";
            faults.add::<()>(&name, "is a protocol that is not spoken here", remedy);
        }
        let (name, compression) = either(vars, "COMPRESSION");
        let gzip = match compression {
            None | Some("none") => false,
            Some("gzip") => true,
            Some(_) => faults.add(&name, "is neither gzip nor none", "set gzip, or unset it"),
        };
        let (name, timeout) = either(vars, "TIMEOUT");
        let timeout = Duration::from_millis(faults.number(&name, timeout, 10_000, 1..=60_000));
        let (name, headers) = either(vars, "HEADERS");
        let headers = headers.map_or_else(Vec::new, |text| {
            let pairs = pairs(text).filter(|pairs| pairs.iter().all(is_header));
            pairs.unwrap_or_else(|| faults.add(&name, "is no list of headers", "set name=value,name2=value2"))
        });
        let attributes = vars.get("OTEL_RESOURCE_ATTRIBUTES").and_then(|text| {
            let remedy = "set name=value,name2=value2, with values percent-encoded";
            pairs(text).or_else(|| faults.add("OTEL_RESOURCE_ATTRIBUTES", "is no list of attributes", remedy))
        });
        let sampling = read_sampling(vars, faults);
        let endpoint = read_endpoint(variable, value, !headers.is_empty(), faults)?;
        if endpoint.port() == Some(4317) {
            warnings.push(format!("{variable} has the port 4317, which is usually gRPC's; HTTP's is 4318"));
        }
        let service = vars.get("OTEL_SERVICE_NAME").unwrap_or("neon-sms-relay").to_owned();
        let headers = headers.into_iter().map(|(name, value)| (name, value.into())).collect();
        let attributes = attributes.unwrap_or_default();
        Some(Self { endpoint, headers, timeout, gzip, service, attributes, sampling })
    }
}

/// The variable for traces alone, or else the one for all that is exported, and its value.
fn either<'v>(vars: &'v Vars, what: &str) -> (String, Option<&'v str>) {
    let (own, general) = (format!("OTEL_EXPORTER_OTLP_TRACES_{what}"), format!("OTEL_EXPORTER_OTLP_{what}"));
    match vars.get(&own) {
        Some(value) => (own, Some(value)),
        None => {
            let value = vars.get(&general);
            (general, value)
        }
    }
}

fn read_endpoint(variable: &str, value: &str, with_headers: bool, faults: &mut Faults) -> Option<Url> {
    let url =
        Url::parse(value).ok().filter(|url| url.has_host() && ["http", "https"].contains(&url.scheme()));
    let Some(mut url) = url else {
        return faults.add(variable, "is not a URL", "set a whole URL, such as http://localhost:4318");
    };
    if with_headers && url.scheme() == "http" && !is_private(&url) {
        let problem = "is plain http to a public host, and would show the headers to whoever listens";
        return faults.add(variable, problem, "set https://");
    }
    if variable == ENDPOINT {
        // The URL ends with a slash or does not; what is below it is the same.
        let below = format!("{}/v1/traces", url.path().trim_end_matches('/'));
        url.set_path(&below);
    }
    Some(url)
}

fn read_sampling(vars: &Vars, faults: &mut Faults) -> TraceSampling {
    const NAME: &str = "OTEL_TRACES_SAMPLER";
    let word = vars.get(NAME).unwrap_or("parentbased_always_on").to_ascii_lowercase();
    let (by_parent, own) =
        word.strip_prefix("parentbased_").map_or((false, word.as_str()), |own| (true, own));
    let ratio = match own {
        "always_on" => 1.0,
        "always_off" => 0.0,
        "traceidratio" => read_ratio(vars, faults),
        _ => {
            let remedy = "set always_on, always_off, traceidratio, or one of them after parentbased_";
            faults.add(NAME, "is no sampler that there is", remedy)
        }
    };
    TraceSampling { ratio, by_parent }
}

fn read_ratio(vars: &Vars, faults: &mut Faults) -> f64 {
    const NAME: &str = "OTEL_TRACES_SAMPLER_ARG";
    let Some(text) = vars.get(NAME) else { return 1.0 };
    let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.unwrap_or_else(|| faults.add(NAME, "is no share", "set a number from 0 to 1, such as 0.1"))
}

/// `name=value,name2=value2`, with values percent-encoded, as in W3C Baggage.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let pairs = entries.map(|entry| {
        let (name, value) = entry.split_once('=')?;
        let (name, value) = (name.trim(), decoded(value.trim())?);
        (!name.is_empty()).then(|| (name.to_owned(), value))
    });
    pairs.collect()
}

fn decoded(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [first, tail @ ..] = rest {
        let pair = tail.get(..2).filter(|_| *first == b'%');
        match pair.and_then(|pair| hex::decode(pair).ok()) {
            Some(byte) => {
                bytes.extend(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

fn is_header((name, value): &(String, String)) -> bool {
    let is_token = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    is_token && value.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    /// The settings, and the variables with faults.
    fn read(vars: &[(&str, &str)]) -> (Option<TraceSettings>, Vec<String>) {
        let vars = Vars::new(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut faults = Faults::default();
        let settings = TraceSettings::read(&vars, &mut faults, &mut Vec::new());
        let faults = faults.into_result(()).err().map(|errors| {
            assert!(!errors.to_string().contains("s3cret"), "{errors}");
            errors.0
        });
        (settings, faults.unwrap_or_default().into_iter().map(|fault| fault.variable).collect())
    }

    const LOCAL: (&str, &str) = (ENDPOINT, "http://localhost:4318");

    #[test]
    fn traces_are_off_without_an_endpoint_and_where_they_are_turned_off() {
        for vars in [
            &[][..],
            &[("OTEL_SERVICE_NAME", "x"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
            &[LOCAL, ("OTEL_SDK_DISABLED", "True")],
            &[LOCAL, ("OTEL_TRACES_EXPORTER", "none")],
        ] {
            let (settings, faults) = read(vars);
            assert!(settings.is_none() && faults.is_empty(), "{vars:?} {faults:?}");
        }
    }

    #[test]
    fn the_general_endpoint_gets_the_path_of_traces_and_the_one_of_traces_is_whole() {
        for (name, value, expected) in [
            (ENDPOINT, "http://localhost:4318", "http://localhost:4318/v1/traces"),
            (ENDPOINT, "https://otlp.example.com/api/", "https://otlp.example.com/api/v1/traces"),
            (TRACES_ENDPOINT, "https://otlp.example.com/here", "https://otlp.example.com/here"),
        ] {
            assert_eq!(read(&[(name, value)]).0.unwrap().endpoint.as_str(), expected);
        }
        let own = read(&[LOCAL, (TRACES_ENDPOINT, "https://a.example.com/t")]).0.unwrap();
        assert_eq!(own.endpoint.as_str(), "https://a.example.com/t");
    }

    #[test]
    fn headers_attributes_and_samplers_are_read_as_opentelemetry_writes_them() {
        let (settings, _) = read(&[
            LOCAL,
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-lost=1"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "authorization=Basic%20czNjcmV0, x-team = a=b"),
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=production,empty="),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ]);
        let settings = settings.unwrap();
        let headers: Vec<_> =
            settings.headers.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect();
        assert_eq!(headers, [("authorization", "Basic czNjcmV0"), ("x-team", "a=b")]);
        assert_eq!(settings.attributes[0].1, "production");
        assert_eq!(settings.sampling, TraceSampling { ratio: 0.25, by_parent: true });
        assert_eq!((settings.timeout, settings.gzip), (Duration::from_millis(2500), true));
        for (word, ratio, by_parent) in [("always_off", 0.0, false), ("traceidratio", 1.0, false)] {
            let sampling = read(&[LOCAL, ("OTEL_TRACES_SAMPLER", word)]).0.unwrap().sampling;
            assert_eq!(sampling, TraceSampling { ratio, by_parent }, "{word}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        for (name, value) in [
            (ENDPOINT, "s3cret"),
            (ENDPOINT, "localhost:4318"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "s3cret"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=s3cret%0a"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
            ("OTEL_RESOURCE_ATTRIBUTES", "s3cret"),
            ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
            ("OTEL_TRACES_EXPORTER", "zipkin"),
        ] {
            assert_eq!(read(&[LOCAL, (name, value)]).1, [name], "{value}");
        }
        let ratio = [LOCAL, ("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "2")];
        assert_eq!(read(&ratio).1, ["OTEL_TRACES_SAMPLER_ARG"]);
        let headers = ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=s3cret");
        assert_eq!(read(&[(ENDPOINT, "http://otlp.example.com"), headers]).1, [ENDPOINT]);
        assert_eq!(read(&[(ENDPOINT, "http://collector:4318"), headers]).1, Vec::<String>::new());
    }
}
