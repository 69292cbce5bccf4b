//! What texts cost, and how much of it a day may.

use crate::config::Vars;
use crate::config::fault::Faults;
use crate::config::variables::PRICE_OF_COUNTRY;
use crate::domain::Region;
use crate::guard::{Money, Prices};
use std::collections::HashMap;

const REMEDY: &str = "set an amount and its currency, such as 0.05 USD";

/// `SMS_PRICE` and `SMS_PRICE_<ISO>`.
pub(super) fn read(vars: &Vars, faults: &mut Faults) -> Option<Prices> {
    let default = vars.get("SMS_PRICE").and_then(|value| amount("SMS_PRICE", value, faults));
    let mut prices = default.map(|price| Prices {
        currency: price.currency,
        default: Some(price.millionths),
        by_region: HashMap::new(),
    });
    for (name, value) in vars.with_prefix(PRICE_OF_COUNTRY) {
        let Some(region) = Region::from_iso(&name[PRICE_OF_COUNTRY.len()..]) else {
            faults.add::<()>(
                name,
                "names no country",
                "end it with two letters, as ISO 3166 has them: SMS_PRICE_DE",
            );
            continue;
        };
        let Some(price) = amount(name, value, faults) else { continue };
        let prices = prices.get_or_insert(Prices {
            currency: price.currency,
            default: None,
            by_region: HashMap::new(),
        });
        if prices.currency == price.currency {
            prices.by_region.insert(region, price.millionths);
        } else {
            let remedy = format!("write it in {}, as the others are", prices.currency);
            faults.add::<()>(name, "is in another currency than the other prices", remedy);
        }
    }
    prices
}

/// `SMS_DAILY_SPEND`, which is worth nothing where nobody knows what a text costs.
pub(super) fn read_daily_spend(vars: &Vars, prices: Option<&Prices>, faults: &mut Faults) -> Option<i64> {
    const NAME: &str = "SMS_DAILY_SPEND";
    let spend = amount(NAME, vars.get(NAME)?, faults)?;
    match prices {
        // The price itself is what is wrong, and that is told already.
        _ if vars.get("SMS_PRICE").is_some() && prices.is_none() => None,
        Some(Prices { currency, default: Some(_), .. }) if *currency == spend.currency => {
            Some(spend.millionths)
        }
        Some(Prices { currency, default: Some(_), .. }) => {
            let remedy = format!("write both in one currency, such as {currency}");
            faults.add(NAME, "is in another currency than SMS_PRICE", remedy)
        }
        _ => faults.add(
            NAME,
            "is set, and SMS_PRICE is not",
            "set SMS_PRICE to what a text costs, such as 0.05 USD",
        ),
    }
}

fn amount(name: &str, value: &str, faults: &mut Faults) -> Option<Money> {
    match value.parse::<Money>() {
        Ok(money) if money.millionths > 0 => Some(money),
        Ok(_) => faults.add(name, "is nothing", REMEDY),
        Err(_) => faults.add(name, "is no amount with its currency", REMEDY),
    }
}
