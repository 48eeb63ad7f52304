//! A figure measured many times: its median and its spread.

/// What one figure was in each round.
#[derive(Debug, Clone, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Adds what it was in the next round.
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The value that half of the rounds are below.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The value that this share of the rounds is below, from 0 to 1.
    pub fn quantile(&self, share: f64) -> f64 {
        assert!(!self.0.is_empty(), "a figure was never measured");
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[((sorted.len() - 1) as f64 * share).round() as usize]
    }

    /// The ratio to the other one, round by round.
    pub fn over(&self, other: &Self) -> Self {
        self.with(other, |one, other| one / other)
    }

    /// Both together, round by round.
    pub fn plus(&self, other: &Self) -> Self {
        self.with(other, |one, other| one + other)
    }

    /// The difference to the other one, round by round.
    pub fn minus(&self, other: &Self) -> Self {
        self.with(other, |one, other| one - other)
    }

    fn with(&self, other: &Self, both: fn(f64, f64) -> f64) -> Self {
        assert_eq!(self.0.len(), other.0.len(), "figures are compared within one round");
        Self(self.0.iter().zip(&other.0).map(|(one, other)| both(*one, *other)).collect())
    }
}

impl From<f64> for Samples {
    /// A figure that is the same however often it is measured.
    fn from(value: f64) -> Self {
        Self(vec![value])
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}
