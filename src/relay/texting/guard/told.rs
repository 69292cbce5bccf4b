//! What an operator hears of the guard: refusals summed up, and what happened to whole budgets.

use crate::domain::Problem;
use crate::guard::{CountryStatus, News, Status};
use crate::relay::texting::Texting;

impl Texting {
    /// One line for all refusals by a rule since the last time, and what happened to whole budgets.
    pub(super) fn tell(&self) {
        if self.gate.is_off() {
            return;
        }
        let refusals = std::mem::take(&mut self.gate.watch().refusals);
        for (rule, (reason, count)) in refusals {
            let Problem { code: reason, remedy, .. } = reason.problem();
            tracing::warn!(rule = rule.as_str(), reason, count, remedy, "the guard refused codes");
        }
        let now = self.clock.now();
        for news in self.gate.guard.news(now) {
            match news {
                News::LimitNear => tracing::warn!("four fifths of SMS_DAILY_LIMIT are used up"),
                News::LimitReached => tracing::error!(
                    "SMS_DAILY_LIMIT is used up; until midnight of UTC only numbers that were verified before get texts"
                ),
                News::SpendNear => tracing::warn!("four fifths of SMS_DAILY_SPEND are used up"),
                News::SpendReached => tracing::error!(
                    "SMS_DAILY_SPEND is used up; until midnight of UTC only numbers that were verified before get texts"
                ),
                News::AlarmBegan => tracing::warn!(
                    "more codes are lost than can be chance: somebody may be paid for them; see: neon-sms-relay guard status"
                ),
                News::AlarmEnded => tracing::info!("codes are verified again as they should be"),
            }
        }
        let status = self.gate.guard.status(now);
        for CountryStatus { region, all, .. } in &status.countries {
            self.metrics.budget_filled(*region, "hour", all.hour.ratio());
            self.metrics.budget_filled(*region, "day", all.day.ratio());
        }
        let Status { world, daily_limit, daily_spend, .. } = &status;
        let shared = [
            ("hour", Some(world.hour)),
            ("day", Some(world.day)),
            ("daily_limit", *daily_limit),
            ("daily_spend", *daily_spend),
        ];
        for (window, fill) in shared.into_iter().filter_map(|(window, fill)| Some((window, fill?))) {
            self.metrics.shared_budget_filled(window, fill.ratio());
        }
        if let Some(spend) = status.spend_today {
            self.metrics.spent_today(&spend.currency.to_string(), spend.millionths);
        }
    }
}
