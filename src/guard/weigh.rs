//! The rules, asked one after the other; and what is noted of a text afterwards.

use super::counts::Seen;
use super::decision::is_known;
use super::digits::Digits;
use super::rule::RuleSet;
use super::{
    Budget, BudgetRules, Closing, ClosingChange, Facts, Guard, Mode, Money, NumberHistory, Origin, Prices,
    Rule, Sent, State, Tally, Unlinked, Weighed,
};
use crate::domain::{NumberKind, Region, Timestamp};

impl Guard {
    /// Looks at everything that speaks against a text, and keeps its place in the budgets if it has one.
    pub fn weigh(&self, facts: &Facts<'_>, now: Timestamp) -> Weighed<'_> {
        let number = Digits::of(facts.number);
        let address = facts.address.filter(|_| self.settings.by_address);
        let text = Sent {
            number,
            region: facts.origin.region,
            linked: facts.linked,
            address,
            at: now,
            counted: true,
        };
        let (broken, passes) = (RuleSet::default(), None);
        let mut weighed = Weighed { guard: self, text, broken, passes, reserved: false };
        if self.settings.mode == Mode::Off {
            return weighed;
        }
        weighed.passes = self.always_passes(number).then_some(Rule::AllowList);
        if weighed.passes.is_some() {
            return weighed;
        }
        let mut state = self.state();
        weighed.broken = self.standing(facts, now, &mut state);
        self.budgets(&text, now, &mut state, &mut weighed.broken);
        let refuses = weighed.broken.iter().any(|rule| rule.reason().is_some());
        weighed.reserved = !refuses || self.settings.mode == Mode::Record;
        if weighed.reserved {
            state.note(&text, 1, self.price(text.region));
        }
        weighed
    }

    /// What is settled by lists, by the kind of number, and by what is closed.
    fn standing(&self, facts: &Facts<'_>, now: Timestamp, state: &mut State) -> RuleSet {
        let (mut broken, number) = (RuleSet::default(), Digits::of(facts.number));
        let Origin { region, kind } = facts.origin;
        if self.settings.kinds_deny.contains(&kind) {
            broken.add(Rule::NumberKind);
        }
        if kind == NumberKind::FixedLine {
            broken.add(Rule::FixedLine);
        }
        if !self.settings.allows_country(region) {
            broken.add(Rule::CountryList);
        }
        if !facts.linked && self.settings.unlinked == Unlinked::Deny {
            broken.add(Rule::Unlinked);
        }
        let closed = state.closings.broken(number, now).or_else(|| {
            let prefix = number.prefix()?;
            let rule = state.ledger.prefixes.broken(prefix, number, now)?;
            state.closings.close(prefix, rule, now);
            Some(rule)
        });
        if let Some(rule) = closed {
            broken.add(rule);
        }
        broken
    }

    /// What is used up.
    fn budgets(&self, text: &Sent, now: Timestamp, state: &mut State, broken: &mut RuleSet) {
        let (rules, share) = (&self.settings.budgets, self.settings.unlinked_share());
        let (unlinked, all) = state.country(text.region, rules, share, now);
        let mut full = |budget: &Budget, hour, day| {
            if budget.hour.is_full() {
                broken.add(hour);
            }
            if budget.day.is_full() {
                broken.add(day);
            }
        };
        full(&all, Rule::CountryHour, Rule::CountryDay);
        if !text.linked && share > 0.0 {
            full(&unlinked, Rule::UnlinkedHour, Rule::UnlinkedDay);
        }
        if let Some(address) = text.address {
            full(&state.addresses.budget(rules, address, now), Rule::AddressHour, Rule::AddressDay);
        }
        let (texts, spend) = state.ledger.world.today(now);
        if self
            .settings
            .daily_limit
            .is_some_and(|limit| u64::try_from(texts).is_ok_and(|texts| texts >= limit))
        {
            broken.add(Rule::DailyLimit);
        }
        // What the text costs is part of what must not be exceeded.
        if self
            .settings
            .daily_spend
            .is_some_and(|limit| spend >= limit || spend + self.price(text.region) > limit)
        {
            broken.add(Rule::DailySpend);
        }
    }

    /// A place that was kept is given back, unless the text stays what it was taken for.
    pub(super) fn settle(&self, text: &Sent, reserved: bool, stays: Option<&Sent>) {
        let (state, price) = (&mut self.state(), self.price(text.region));
        if reserved && stays.is_none_or(|stays| !stays.counted) {
            state.note(text, -1, -price);
        }
        let Some(stays) = stays else { return };
        if !reserved || !stays.counted {
            state.note(stays, 1, price);
        }
        if let Some(prefix) = stays.number.prefix().filter(|_| stays.counted) {
            state.ledger.prefixes.opened(prefix, stays.number.last(), stays.at);
        }
    }

    /// A closed prefix stays closed while it is asked for.
    pub(super) fn refused(&self, text: &Sent, rules: RuleSet, now: Timestamp) {
        let rule = rules.iter().find(|rule| matches!(rule, Rule::Prefix | Rule::Run));
        let (Some(rule), Some(prefix)) = (rule, text.number.prefix()) else { return };
        let state = &mut *self.state();
        if state.ledger.prefixes.refused(prefix, now) {
            state.closings.close(prefix, rule, now);
        }
    }

    /// A number was verified. `before` is what was known of it at that moment: the texts that it takes out of the
    /// unverified. `facts` are those of its latest text; of the address, that of the event is near enough.
    pub fn verified(&self, facts: &Facts<'_>, before: &NumberHistory, now: Timestamp) {
        if self.settings.mode == Mode::Off {
            return;
        }
        let (number, region, linked) = (Digits::of(facts.number), facts.origin.region, facts.linked);
        let state = &mut *self.state();
        if let Some(prefix) = number.prefix() {
            state.ledger.prefix(region, prefix, true, now, 1);
            state.ledger.prefixes.forget(prefix, number.last());
            state.closings.open(prefix);
        }
        if self.always_passes(number) {
            return;
        }
        let address = facts.address.filter(|_| self.settings.by_address);
        let counted = before.recent.iter().filter(|at| !is_known(before.verified_at, **at));
        for at in counted.clone() {
            state.unverified(&Sent { number, region, linked, address, at: *at, counted: true }, -1);
        }
        if let Some(last) = counted.max() {
            state.ledger.code(region, linked, true, *last, 1);
            if let Some(address) = address {
                state.addresses.add(address, true, *last, 1);
            }
        }
    }

    /// A text was surely not sent after all: it cost nothing, and nobody can verify it.
    pub fn unsent(&self, sent: &Sent) {
        let state = &mut *self.state();
        state.note(sent, -1, -self.price(sent.region));
        if let Some(prefix) = sent.number.prefix() {
            state.ledger.prefixes.forget(prefix, sent.number.last());
        }
    }

    /// A further text carries the same code.
    pub fn sent_again(&self, region: Option<Region>, now: Timestamp) {
        self.state().ledger.text(region, now, 1, self.price(region));
    }

    /// What a text cost is reported; in the currency of the prices it takes the place of what was estimated.
    pub fn priced(&self, region: Option<Region>, sent_at: Timestamp, price: Money) {
        if self.settings.prices.as_ref().is_some_and(|prices| prices.currency == price.currency) {
            self.state().ledger.spent(region, sent_at, price.millionths - self.price(region));
        }
    }

    /// What was counted here since the last time, to be added to the store's tallies.
    pub fn drain_deltas(&self) -> Vec<Tally> {
        self.state().ledger.drain()
    }

    /// Takes over the store's tallies: sums over all instances, this one included, read after its own were written.
    pub fn absorb(&self, tallies: &[Tally], now: Timestamp) {
        self.state().ledger.absorb(tallies, now);
    }

    /// What was closed or opened here since the last time, to be written to the store.
    pub fn drain_closings(&self) -> Vec<ClosingChange> {
        self.state().closings.drain()
    }

    /// Changes that could not be written.
    pub fn give_back_closings(&self, changes: Vec<ClosingChange>) {
        self.state().closings.give_back(changes);
    }

    /// Takes over all that the store has closed. What somebody opened starts anew.
    pub fn absorb_closings(&self, stored: &[Closing], now: Timestamp) {
        let state = &mut *self.state();
        for opened in state.closings.absorb(stored, now) {
            state.ledger.prefixes.pardon(opened);
        }
    }

    fn always_passes(&self, number: Digits) -> bool {
        self.allow.matching(number).next().is_some()
    }

    fn price(&self, region: Option<Region>) -> i64 {
        self.settings.prices.as_ref().map_or(0, |prices: &Prices| prices.of(region))
    }
}

impl State {
    /// The budgets of a country: of its unlinked numbers, and of all.
    pub(super) fn country(
        &mut self,
        region: Option<Region>,
        rules: &BudgetRules,
        share: f64,
        now: Timestamp,
    ) -> (Budget, Budget) {
        let alarm = self.world(rules, share, now).is_full();
        let country = self.ledger.country(region);
        let (unlinked, linked) = (country.unlinked.seen(now), country.linked.seen(now));
        (rules.budget(&unlinked, share, alarm), rules.budget(&unlinked.and(&linked), 1.0, false))
    }

    /// The budget of unlinked numbers all over the world: while it is full, something is going on.
    pub(super) fn world(&mut self, rules: &BudgetRules, share: f64, now: Timestamp) -> Budget {
        let seen: Seen = self.ledger.world.unlinked.seen(now);
        rules.budget(&seen, share, false)
    }

    /// A text and what it costs; or less of both.
    fn note(&mut self, text: &Sent, by: i64, price: i64) {
        self.ledger.text(text.region, text.at, by, price);
        if text.counted {
            self.unverified(text, by);
        }
    }

    fn unverified(&mut self, text: &Sent, by: i64) {
        self.ledger.code(text.region, text.linked, false, text.at, by);
        if let Some(prefix) = text.number.prefix() {
            self.ledger.prefix(text.region, prefix, false, text.at, by);
        }
        if let Some(address) = text.address {
            self.addresses.add(address, false, text.at, by);
        }
    }
}
