//! Who is asked, and in which order.

use super::{Sending, Texting};
use crate::domain::Region;
use sms_providers::ProviderName;

impl Texting {
    /// Who is asked for a text to this country, the first one first. `in_vain` took the last text to the number,
    /// which led to no verification.
    pub(super) fn order(
        &self,
        sending: &Sending,
        region: Option<Region>,
        in_vain: Option<ProviderName>,
    ) -> Vec<ProviderName> {
        let regional = region.and_then(|region| sending.settings.regions.get(&region));
        let written = regional.and_then(|regional| regional.providers.as_ref());
        let mut order = written.unwrap_or(&sending.settings.providers).clone();
        if sending.settings.adaptive {
            self.odds.arrange(region, &mut order);
            if let Some(place) = order.iter().position(|name| Some(*name) == in_vain) {
                let last = order.remove(place);
                order.push(last);
            }
        } else if let Some(place) = order.iter().position(|name| Some(*name) == in_vain) {
            // One after the other, so that three providers all get their turn.
            order.rotate_left(place + 1);
        }
        order
    }
}
