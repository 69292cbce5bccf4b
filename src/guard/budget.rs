//! How many codes may stay unverified: a pure function of what was seen.
//!
//! A budget is the larger of two: what a quiet country gets, and what a country may have that verifies well. The second
//! follows from how many did verify: if of a hundred codes a quarter is never used, a third as many as were verified
//! are expected to be lost, give or take what chance does.

use super::counts::Seen;

/// The numbers that budgets are made from. What concerns unlinked numbers is multiplied by `GUARD_UNLINKED`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BudgetRules {
    /// Unverified codes of a country in an hour, whatever is verified there.
    pub base_hour: f64,
    /// The same in a day, once they are dead.
    pub base_day: f64,
    /// What is left of both, for unlinked numbers of further countries, while more is lost anywhere than is expected.
    pub alarmed: f64,
    /// What a country's best day adds to that, for each verification.
    pub own_past: f64,
    /// For each verification of the best day of two weeks: in an hour.
    pub best_day_hour: f64,
    /// The same in a day.
    pub best_day_day: f64,
    /// Codes alive for each that was verified of the last five minutes' ones.
    pub alive_per_verified: f64,
    /// The share of codes that is taken to be lost where nothing is known.
    pub loss: f64,
    /// How many codes that guess is worth.
    pub loss_weight: f64,
    /// The share of codes that may be lost at most and at least, whatever was seen.
    pub loss_within: (f64, f64),
    /// How many standard deviations chance is given.
    pub chance: f64,
    /// Unverified codes for one address, in an hour and in a day.
    pub address: (f64, f64),
}

impl Default for BudgetRules {
    fn default() -> Self {
        Self {
            base_hour: 240.0,
            base_day: 360.0,
            alarmed: 0.1,
            own_past: 0.5,
            best_day_hour: 0.02,
            best_day_day: 0.03,
            alive_per_verified: 1.5,
            loss: 0.42,
            loss_weight: 100.0,
            loss_within: (0.05, 0.5),
            chance: 4.0,
            address: (30.0, 60.0),
        }
    }
}

/// How full one budget is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fill {
    /// Unverified codes.
    pub used: f64,
    /// From how many on no further one is sent.
    pub limit: f64,
}

/// Both windows of a budget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// Codes alive, and those that died in the hour before.
    pub hour: Fill,
    /// Codes that died in 24 hours.
    pub day: Fill,
}

impl Fill {
    /// Whether nothing is left.
    pub fn is_full(&self) -> bool {
        self.used >= self.limit
    }

    /// What is used of it, 1 if all is; of nothing, nothing.
    pub fn ratio(&self) -> f64 {
        if self.limit > 0.0 { self.used / self.limit } else { 0.0 }
    }
}

impl Budget {
    /// Whether nothing is left in one of the windows.
    pub fn is_full(&self) -> bool {
        self.hour.is_full() || self.day.is_full()
    }
}

impl BudgetRules {
    /// A budget from what was seen. `share` is the part of the base that belongs to these numbers; in `alarm` less of
    /// it is left for a country that has no past.
    pub(super) fn budget(&self, seen: &Seen, share: f64, alarm: bool) -> Budget {
        let best_day = seen.best_day as f64;
        let base = |base: f64, best_day_share: f64| {
            let whole = base * share;
            let quiet =
                if alarm { whole.min(whole * self.alarmed + self.own_past * best_day) } else { whole };
            quiet.max(best_day_share * best_day)
        };
        let alive = self.alive_per_verified * seen.alive_verified as f64;
        Budget {
            hour: Fill {
                used: (seen.alive + seen.dead) as f64,
                limit: base(self.base_hour, self.best_day_hour)
                    .max(alive + self.expected(seen, seen.verified)),
            },
            day: Fill {
                used: seen.dead_day as f64,
                limit: base(self.base_day, self.best_day_day).max(self.expected(seen, seen.verified_day)),
            },
        }
    }

    /// The same for one address, which has no past that is remembered.
    pub(super) fn address_budget(&self, seen: &Seen) -> Budget {
        let (hour, day) = self.address;
        let same = Self { base_hour: hour, base_day: day, ..*self };
        same.budget(&Seen { best_day: 0, ..*seen }, 1.0, false)
    }

    /// How many codes are lost at most, by chance, beside so many that were verified.
    fn expected(&self, seen: &Seen, verified: i64) -> f64 {
        let (lost, all) = (seen.past_unverified as f64, (seen.past_unverified + seen.past_verified) as f64);
        let loss = (lost + self.loss * self.loss_weight) / (all + self.loss_weight);
        let loss = loss.clamp(self.loss_within.0, self.loss_within.1);
        let verified = verified as f64;
        // The number of failures before the last of so many successes: the negative binomial distribution.
        verified * loss / (1.0 - loss) + self.chance * (verified * loss).sqrt() / (1.0 - loss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNLINKED: f64 = 0.25;

    fn budget(seen: Seen, alarm: bool) -> Budget {
        BudgetRules::default().budget(&seen, UNLINKED, alarm)
    }

    #[test]
    fn where_nothing_was_verified_sixty_codes_an_hour_and_ninety_dead_ones_a_day_are_the_end() {
        for (alive, dead, dead_day, full) in
            [(59, 0, 0, false), (60, 0, 0, true), (30, 30, 30, true), (0, 0, 89, false), (0, 0, 90, true)]
        {
            let seen = Seen { alive, dead, dead_day, ..Seen::default() };
            assert_eq!(budget(seen, false).is_full(), full, "{seen:?}");
        }
    }

    #[test]
    fn in_an_alarm_a_country_without_a_past_has_a_tenth_and_one_with_a_past_what_it_is_used_to() {
        let quiet = budget(Seen::default(), true);
        assert_eq!((quiet.hour.limit, quiet.day.limit), (6.0, 9.0));
        let used_to = budget(Seen { best_day: 200, ..Seen::default() }, true);
        assert_eq!((used_to.hour.limit, used_to.day.limit), (60.0, 90.0));
    }

    #[test]
    fn the_more_is_verified_the_more_may_be_lost() {
        let mut last = 0.0;
        for verified in [0, 100, 300, 1000, 10_000] {
            let limit = budget(Seen { verified, ..Seen::default() }, false).hour.limit;
            assert!(limit >= last && limit <= 60.0 + 1.0 * verified as f64, "{verified}: {limit}");
            last = limit;
        }
    }

    #[test]
    fn a_country_that_verifies_well_is_given_less_to_lose_and_no_past_makes_it_boundless() {
        let with_past = |past_unverified, past_verified| {
            let seen = Seen { verified: 1000, past_unverified, past_verified, ..Seen::default() };
            budget(seen, false).hour.limit
        };
        assert!(with_past(1_000, 9_000) < with_past(0, 0));
        assert!(with_past(100_000, 0) <= 1000.0 + 4.0 * 500.0_f64.sqrt() / 0.5 + 0.1);
    }
}
