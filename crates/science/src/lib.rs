//! Pure maths: identity rules, attribution models. No I/O.
