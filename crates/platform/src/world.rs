//! Where time and chance come from: the one value that is handed down to whoever needs either.
//!
//! **Invariant:** two simulated worlds with the same start and seed give the same moments and the same numbers.

use kernel::time::{Clock, SimClock, SystemClock, Timestamp};
use parking_lot::Mutex;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::fmt;
use std::sync::Arc;

/// A clock and a source of randomness; cheap to clone, and every clone shares both.
#[derive(Clone)]
pub struct World {
    clock: Arc<dyn Clock>,
    simulated: Option<Arc<SimClock>>,
    random: Arc<Mutex<StdRng>>,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.simulated.is_some() { "simulated" } else { "system" };
        f.debug_struct("World").field("kind", &kind).field("now", &self.now()).finish()
    }
}

impl World {
    /// The machine's clock, and randomness seeded by the operating system.
    #[must_use]
    pub fn system() -> Self {
        Self { clock: Arc::new(SystemClock), simulated: None, random: Arc::new(Mutex::new(rand::make_rng::<StdRng>())) }
    }

    /// A clock that stands still at `start` until it is moved, and randomness that follows from `seed`.
    #[must_use]
    pub fn simulated(start: Timestamp, seed: u64) -> Self {
        let clock = Arc::new(SimClock::new(start));
        Self { clock: clock.clone(), simulated: Some(clock), random: Arc::new(Mutex::new(StdRng::seed_from_u64(seed))) }
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The clock, for whoever keeps it.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// The clock of a simulated world, to move it; none in the real one.
    #[must_use]
    pub fn sim_clock(&self) -> Option<Arc<SimClock>> {
        self.simulated.clone()
    }

    /// A random source of one's own, forked from the world's: it may be kept over an `await`.
    #[must_use]
    pub fn rng(&self) -> StdRng {
        StdRng::from_rng(&mut *self.random.lock())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn two_simulated_worlds_with_one_seed_are_equal() {
        let (one, two) =
            (World::simulated(Timestamp::from_micros(5), 7), World::simulated(Timestamp::from_micros(5), 7));
        for _ in 0..3 {
            assert_eq!(one.rng().next_u64(), two.rng().next_u64());
        }
        one.sim_clock().unwrap().advance(10);
        assert_eq!((one.now().micros(), two.now().micros()), (15, 5));
    }
}
