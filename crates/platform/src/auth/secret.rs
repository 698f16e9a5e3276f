//! Secrets: passwords as argon2id, random tokens as SHA-256.
//!
//! A password is guessable, so its hash is slow on purpose. A token has 160 bits of chance or more, so a fast hash
//! keeps it: nobody finds it by trying, and it can be looked up.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{CustomizedPasswordHasher as _, PasswordVerifier as _};
use argon2::{Argon2, Params};
use kernel::limits::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN};
use kernel::problem::{Class, Problem};
use rand::Rng as _;
use rand::rngs::StdRng;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

/// How slow the hash of a password is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordCost {
    /// 19 MiB, 2 rounds: the first choice of OWASP's password storage guidance for argon2id.
    Real,
    /// As little as possible: tests.
    Test,
}

impl PasswordCost {
    fn params(self) -> Params {
        match self {
            Self::Real => Params::new(19 * 1024, 2, 1, None),
            Self::Test => Params::new(Params::MIN_M_COST, 1, 1, None),
        }
        .unwrap_or_default()
    }
}

/// Hashes that are computed at the same time: each takes 19 MiB and a core.
const HASHES_AT_ONCE: usize = 3;
/// Hashes that may wait for their turn, a second's worth or two.
const HASHES_WAITING: usize = 32;

static TURNS: Turns = Turns::new(HASHES_AT_ONCE, HASHES_WAITING);

/// Who may hash now, and who may wait for it. Without, a flood of sign-ins takes all memory.
pub(super) struct Turns {
    places: Semaphore,
    running: Semaphore,
}

impl Turns {
    pub(super) const fn new(at_once: usize, waiting: usize) -> Self {
        Self { places: Semaphore::const_new(at_once + waiting), running: Semaphore::const_new(at_once) }
    }

    /// Runs the work in its turn, away from the threads that serve requests. Work that has begun keeps its turn when
    /// nobody waits for it any more.
    pub(super) async fn run<T: Send + 'static>(
        &'static self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let place = self.places.try_acquire().map_err(|_| {
            let message = "Too many people are signing in at this moment. Try again in a few seconds.";
            Problem::new(Class::Unavailable, "sign_in_busy", message).retry_after(2)
        })?;
        let turn = self.running.acquire().await.map_err(failed)?;
        let in_turn = move || {
            let _held = (turn, place);
            work()
        };
        tokio::task::spawn_blocking(in_turn).await.map_err(failed)?
    }
}

fn failed(error: impl std::fmt::Display) -> Problem {
    Problem::new(Class::Internal, "internal", format!("password hash: {error}"))
}

/// Hashes a password away from the threads that serve requests.
pub(crate) async fn hash_password(password: String, cost: PasswordCost, mut rng: StdRng) -> Result<String, Problem> {
    let work = move || {
        let mut salt = [0_u8; 16];
        rng.fill_bytes(&mut salt);
        let hash: PasswordHash =
            Argon2::default().hash_password_with_params(password.as_bytes(), &salt, cost.params()).map_err(failed)?;
        Ok(hash.to_string())
    };
    TURNS.run(work).await
}

/// Whether a password fits a hash; takes as long either way.
pub(crate) async fn fits(password: String, hash: String) -> Result<bool, Problem> {
    let work = move || {
        let hash = PasswordHash::new(&hash).map_err(failed)?;
        Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    };
    TURNS.run(work).await
}

/// Refuses passwords that are too short, too long, or the obvious ones.
pub(crate) fn check_password(password: &str, email: &str, name: &str) -> Result<(), Problem> {
    let length = password.chars().count();
    if !(PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&length) {
        let message = format!("Choose a password of {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters.");
        return Err(Problem::invalid("password", message));
    }
    let lower = password.to_lowercase();
    let mailbox = email.split('@').next().unwrap_or(email).to_lowercase();
    let repeats = (1..=4).any(|period| {
        let letters: Vec<char> = lower.chars().collect();
        letters.iter().zip(letters.iter().skip(period)).all(|(one, other)| one == other)
    });
    let sequence = ["0123456789", "1234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm"]
        .iter()
        .any(|row| row.repeat(2).contains(&lower));
    let own = [email.to_lowercase(), mailbox.repeat(2), name.to_lowercase()].contains(&lower);
    let known = ["password", "passw0rd", "mainspring", "letmein", "welcome", "changeme"].iter().any(|word| {
        lower.strip_prefix(word).or_else(|| lower.strip_suffix(word)).is_some_and(|rest| {
            rest.len() <= 6 && rest.chars().all(|letter| letter.is_ascii_digit() || letter == '!' || letter == '.')
        })
    });
    if repeats || sequence || own || known {
        return Err(Problem::invalid(
            "password",
            "This password is easy to guess. Three random words make a good one.",
        ));
    }
    Ok(())
}

/// Letters and digits that are not mistaken for one another: Crockford base 32.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// `count` random letters, five bits each.
pub(crate) fn random_text(count: usize, rng: &mut StdRng) -> String {
    (0..count).map(|_| char::from(LETTERS[usize::try_from(rng.next_u64() & 31).unwrap_or(0)])).collect()
}

/// A password for one use: four groups of five letters, 100 bits.
pub(crate) fn one_time_password(rng: &mut StdRng) -> String {
    (0..4).map(|_| random_text(5, rng)).collect::<Vec<_>>().join("-")
}

/// The hash a token is stored and found by.
pub(crate) fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
