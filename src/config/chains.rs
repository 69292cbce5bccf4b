//! Who is asked for a text, in general and by country, and in which order.

use super::Vars;
use super::fault::Faults;
use super::regions::{self, country, of_countries};
use crate::domain::Region;
use sms_providers::{Country, ProviderName};
use std::collections::BTreeMap;

const GENERAL: &str = "SMS_PROVIDER";
const REMEDY: &str = "set twilio, or several in the order in which they are tried: twilio,vonage,messagebird";

/// `SMS_PROVIDER` and `SMS_PROVIDER_<ISO>`.
#[derive(Debug, Clone, Default)]
pub(super) struct Chains {
    /// Who is asked where nothing else is said.
    pub general: Vec<ProviderName>,
    /// Who is asked in one country, and which variable says so.
    pub regional: BTreeMap<Region, (String, Vec<ProviderName>)>,
}

impl Chains {
    pub(super) fn read(vars: &Vars, faults: &mut Faults) -> Self {
        let general = match vars.get(GENERAL) {
            Some(value) => read_chain(GENERAL, value, vars, faults),
            None => faults.add(GENERAL, "is missing", REMEDY),
        };
        let regional = of_countries(GENERAL, vars, faults).into_iter().map(|(region, regional)| {
            let regions::Regional { name, value } = regional;
            (region, (name.to_owned(), read_chain(name, value, vars, faults)))
        });
        let regional = regional.collect();
        Self { general, regional }
    }

    /// Everybody who is asked somewhere, the general order first.
    pub(super) fn everybody(&self) -> Vec<ProviderName> {
        let mut everybody = self.general.clone();
        for name in self.regional.values().flat_map(|(_, chain)| chain) {
            if !everybody.contains(name) {
                everybody.push(*name);
            }
        }
        everybody
    }

    /// Which numbers this provider is asked for.
    pub(super) fn reach(&self, provider: ProviderName) -> Reach<'_> {
        Reach { chains: self, provider }
    }
}

/// Which numbers a provider is asked for.
#[derive(Clone, Copy)]
pub(super) struct Reach<'a> {
    chains: &'a Chains,
    provider: ProviderName,
}

impl<'a> Reach<'a> {
    /// Whether it is asked wherever nothing else is said.
    pub(super) fn is_general(self) -> bool {
        self.chains.general.contains(&self.provider)
    }

    /// The variables that name it for one country.
    pub(super) fn named_by(self) -> impl Iterator<Item = &'a str> {
        self.regional().map(|(_, name)| name)
    }

    fn regional(self) -> impl Iterator<Item = (Region, &'a str)> {
        let named = self.chains.regional.iter().filter(move |(_, (_, chain))| chain.contains(&self.provider));
        named.map(|(region, (name, _))| (*region, name.as_str()))
    }

    /// What to say of a variable for this country that has no effect, since others are asked there.
    pub(super) fn warning(self, region: Region, name: &str) -> Option<String> {
        let (said_by, chain) = match self.chains.regional.get(&region) {
            Some((said_by, chain)) => (said_by.as_str(), chain),
            None => (GENERAL, &self.chains.general),
        };
        let provider = self.provider;
        (!chain.contains(&provider))
            .then(|| format!("{name} is set and has no effect: {provider} is not in {said_by}"))
    }

    /// What stands in for a general sender that is not set: something, if every country that this provider is asked
    /// for has its own, so that no text ever comes from it.
    pub(super) fn stand_in<T: Clone>(self, by_country: &BTreeMap<Country, T>) -> Option<T> {
        let mut own = self.regional().map(|(region, _)| country(region).and_then(|c| by_country.get(&c)));
        let first = own.next()??;
        (!self.is_general() && own.all(|sender| sender.is_some())).then(|| first.clone())
    }
}

fn read_chain(variable: &str, value: &str, vars: &Vars, faults: &mut Faults) -> Vec<ProviderName> {
    let words: Vec<_> = value.split(',').map(|word| word.trim().to_ascii_lowercase()).collect();
    let mut names = Vec::new();
    for (at, word) in words.iter().enumerate() {
        match provider_of(word) {
            Some(ProviderName::Log) if !is_yes(vars.get("ALLOW_LOG_PROVIDER")) => faults.add(
                variable,
                "has log, which prints codes to the terminal",
                "set ALLOW_LOG_PROVIDER=1 if this is a development machine",
            ),
            Some(ProviderName::Inbox | ProviderName::Test | ProviderName::Stub) | None => {
                let which =
                    if words.len() > 1 { format!(" (its name no. {})", at + 1) } else { String::new() };
                let problem = format!("names a provider that does not exist{which}");
                match nearest_provider(word) {
                    Some(name) => faults.add(variable, problem, format!("is {name} meant? {REMEDY}")),
                    None => faults.add(variable, problem, REMEDY),
                }
            }
            Some(name) if names.contains(&name) => {
                faults.add(variable, format!("names {name} twice"), "name each provider once")
            }
            Some(name) => names.push(name),
        }
    }
    names
}

/// MessageBird goes by its new name as well.
fn provider_of(word: &str) -> Option<ProviderName> {
    let word = if word == "bird" { "messagebird" } else { word };
    ProviderName::ALL.into_iter().find(|name| name.as_str() == word)
}

/// One letter in three may be wrong.
fn nearest_provider(word: &str) -> Option<&'static str> {
    let names = ["twilio", "messagebird", "vonage"];
    let nearest = names.map(|name| (strsim::osa_distance(word, name), name)).into_iter().min();
    nearest.filter(|(distance, name)| distance * 3 <= name.len()).map(|(_, name)| name)
}

fn is_yes(value: Option<&str>) -> bool {
    value.is_some_and(|value| ["1", "true", "yes", "on"].contains(&value.to_ascii_lowercase().as_str()))
}
