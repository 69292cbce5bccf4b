//! What is looked for, as the query of a URL: short enough to be read and to be sent to a colleague.

use crate::domain::{EventId, Region, Timestamp};
use crate::store::browse::{Filter, Place, State};
use crate::store::texts::Only;
use serde::Deserialize;
use sms_providers::ProviderName;
use std::time::Duration;
use url::form_urlencoded::Serializer;

/// The ways to stand that can be looked for, as a URL and as people say it.
pub(super) const STATES: [(&str, &str); 5] = [
    ("failed", "Failed"),
    ("unverified", "Unverified"),
    ("refused", "Refused"),
    ("waiting", "Waiting"),
    ("verified", "Verified"),
];

/// How far back, as a URL and as people say it.
pub(super) const SPANS: [(&str, &str); 5] = [
    ("15m", "last 15 minutes"),
    ("1h", "last hour"),
    ("6h", "last 6 hours"),
    ("24h", "last 24 hours"),
    ("7d", "last 7 days"),
];

/// The query of the list; what is empty is not looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    /// One of [`STATES`].
    pub state: String,
    /// A country.
    pub region: String,
    /// A provider.
    pub vendor: String,
    /// A type of events.
    #[serde(rename = "type")]
    pub event_type: String,
    /// One of [`SPANS`], or a time.
    pub since: String,
    /// The hash of a number.
    pub to: String,
    /// Where the page begins: a time in milliseconds, and an event.
    pub behind: String,
}

impl Wanted {
    /// The same in the store's terms.
    ///
    /// # Errors
    /// What cannot be meant, in words.
    pub fn filter(&self, now: Timestamp) -> Result<(Filter, Option<Place>), &'static str> {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let known = |text: &str| given(text).map(|text| text.to_ascii_lowercase());
        let filter = Filter {
            reference: None,
            recipient_hash: given(&self.to),
            region: given(&self.region)
                .map(|letters| Region::from_iso(&letters).ok_or("The region is two letters, such as DE."))
                .transpose()?,
            provider: known(&self.vendor)
                .map(|name| {
                    let found = ProviderName::ALL.into_iter().find(|provider| provider.as_str() == name);
                    found.ok_or("The vendor is twilio, messagebird or vonage.")
                })
                .transpose()?,
            event_type: given(&self.event_type),
            since: given(&self.since)
                .map(|text| since(&text, now).ok_or("since is 15m, 1h, 6h, 24h, 7d, or a time."))
                .transpose()?,
            state: given(&self.state)
                .map(|name| state(&name, now).ok_or("There is no such state of a delivery."))
                .transpose()?,
        };
        let place = given(&self.behind)
            .map(|text| place(&text).ok_or("This page begins nowhere; start from the newest."))
            .transpose()?;
        Ok((filter, place))
    }

    /// The address of the list.
    pub fn url(&self) -> String {
        let mut query = Serializer::new(String::new());
        for (name, value) in [
            ("state", &self.state),
            ("region", &self.region),
            ("vendor", &self.vendor),
            ("type", &self.event_type),
            ("since", &self.since),
            ("to", &self.to),
            ("behind", &self.behind),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        match query.finish().as_str() {
            "" => "/deliveries".to_owned(),
            query => format!("/deliveries?{query}"),
        }
    }

    /// The same with another state, from the newest on.
    pub fn with_state(&self, state: &str) -> Self {
        Self { state: state.to_owned(), behind: String::new(), ..self.clone() }
    }

    /// The same from behind this delivery on.
    pub fn behind(&self, came_at: Timestamp, event: &EventId) -> Self {
        Self { behind: format!("{}.{event}", came_at.as_millis()), ..self.clone() }
    }

    /// Whether anything but a state is looked for.
    pub fn is_narrow(&self) -> bool {
        let fields = [&self.region, &self.vendor, &self.event_type, &self.since, &self.to];
        fields.iter().any(|field| !field.is_empty())
    }
}

fn since(text: &str, now: Timestamp) -> Option<Timestamp> {
    let ago = || {
        let unit = text.chars().last()?;
        let seconds = match unit {
            'm' => 60,
            'h' => 3600,
            'd' => 24 * 3600,
            _ => return None,
        };
        let number: u32 = text.strip_suffix(unit)?.parse().ok()?;
        Some(now.minus(Duration::from_secs(u64::from(number) * seconds)))
    };
    ago().or_else(|| Timestamp::from_rfc3339(text))
}

fn state(name: &str, now: Timestamp) -> Option<State> {
    Some(match name {
        "failed" => State::Ended(Only::Failed),
        "unverified" => State::Ended(Only::Unverified(now)),
        "refused" => State::Ended(Only::Refused),
        "waiting" => State::Waiting(now),
        "verified" => State::Verified,
        _ => return None,
    })
}

fn place(text: &str) -> Option<Place> {
    let (millis, event) = text.split_once('.')?;
    Some(Place { came_at: Timestamp::from_millis(millis.parse().ok()?), event: EventId::new(event)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn read(query: &str) -> Wanted {
        actix_web::web::Query::<Wanted>::from_query(query).unwrap().into_inner()
    }

    #[test]
    fn a_url_is_read_as_it_was_written() {
        let wanted = Wanted {
            state: "failed".to_owned(),
            region: "DE".to_owned(),
            vendor: "twilio".to_owned(),
            event_type: "a&b=<c>".to_owned(),
            since: "6h".to_owned(),
            ..Wanted::default()
        };
        let wanted = wanted.behind(NOW, &EventId::new("x.y&z").unwrap());
        let url = wanted.url();
        let read = read(url.split_once('?').unwrap().1);
        assert_eq!(read, wanted);
        let (filter, place) = read.filter(NOW).unwrap();
        assert_eq!(filter.since, Some(NOW.minus(Duration::from_secs(6 * 3600))));
        assert_eq!(place.unwrap().event.as_str(), "x.y&z");
    }

    #[test]
    fn what_cannot_be_meant_is_said() {
        for (name, value) in
            [("state", "lost"), ("region", "XX"), ("vendor", "acme"), ("since", "soon"), ("behind", "1")]
        {
            let wanted = read(&format!("{name}={value}"));
            assert!(wanted.filter(NOW).is_err(), "{name}");
        }
    }
}
