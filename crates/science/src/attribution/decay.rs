//! Two to a negative power, in integers: the same bits on every machine.

/// One, in the fixed point of this module.
const ONE: u64 = 1 << 62;
/// Binary places of the exponent.
const PLACES: usize = 32;
/// `2^(-2^-i)` for i = 1..=32, as multiples of [`ONE`]: each is the root of the one before.
const ROOTS: [u64; PLACES] = roots();

#[expect(clippy::cast_possible_truncation, reason = "a root of a number below 2^124 has at most 62 bits")]
const fn roots() -> [u64; PLACES] {
    let mut table = [0_u64; PLACES];
    let mut value: u128 = (ONE as u128) >> 1;
    let mut place = 0;
    while place < PLACES {
        value = (value << 62).isqrt();
        table[place] = value as u64;
        place += 1;
    }
    table
}

/// `2^(-age / half_life)` as a multiple of `2^62`; 1 when `age` is not positive, 0 after 62 half-lives.
pub(crate) fn halved(age: i64, half_life: i64) -> u64 {
    let (age, half_life) = (u128::from(age.max(0).unsigned_abs()), u128::from(half_life.max(1).unsigned_abs()));
    let exponent = (age << PLACES) / half_life;
    let (whole, fraction) = (exponent >> PLACES, exponent & ((1 << PLACES) - 1));
    if whole >= 62 {
        return 0;
    }
    let mut value = u128::from(ONE);
    for (place, root) in ROOTS.iter().enumerate() {
        if fraction >> (PLACES - 1 - place) & 1 == 1 {
            value = (value * u128::from(*root)) >> 62;
        }
    }
    u64::try_from(value >> whole).unwrap_or(ONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_floating_point() {
        for age in [0_i64, 1, 3, 7, 26, 33, 38, 100, 365] {
            for half_life in [1_i64, 7, 14, 30] {
                let expected = 2_f64.powf(-(age as f64) / half_life as f64);
                let found = halved(age, half_life) as f64 / ONE as f64;
                assert!((found - expected).abs() < 1e-9, "{age} {half_life}: {found} {expected}");
            }
        }
        assert_eq!(halved(-5, 7), ONE);
        assert_eq!(halved(62 * 7, 7), 0);
    }

    #[test]
    fn older_never_weighs_more() {
        let weights: Vec<u64> = (0..2_000).map(|age| halved(age * 3_600, 7 * 86_400)).collect();
        assert!(weights.windows(2).all(|pair| pair[0] >= pair[1]));
    }
}
