//! Chance that is the same in every run.

/// Numbers by SplitMix64.
pub struct Chance(u64);

impl Chance {
    /// The same seed, the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to below 1.
    pub fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something happens that happens with this probability.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.part() < probability
    }

    /// One of so many.
    pub fn one_of(&mut self, many: u64) -> u64 {
        self.next() % many
    }

    /// How long until the next of things that come at a rate, in the rate's unit of time.
    pub fn wait(&mut self, rate: f64) -> f64 {
        -(1.0 - self.part()).ln() / rate
    }
}
