use super::secret::Turns;
use super::{Failures, PasswordCost, check_password, fits, hash_password, one_time_password};
use kernel::time::{MINUTE, Timestamp};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use std::sync::mpsc;

#[tokio::test]
async fn a_password_fits_its_own_hash_only() {
    let rng = StdRng::seed_from_u64(1);
    let hash = hash_password("correct horse".to_owned(), PasswordCost::Real, rng).await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert!(fits("correct horse".to_owned(), hash.clone()).await.unwrap());
    assert!(!fits("correct horsf".to_owned(), hash).await.unwrap());
}

#[test]
fn easy_passwords_are_refused() {
    for password in [
        "short",
        "aaaaaaaaaaaaaa",
        "abcabcabcabcabc",
        "123456789012",
        "password1234",
        "Mainspring2026!",
        "ada@example.com",
        "Ada Lovelace",
        "qwertyuiopas",
    ] {
        assert!(check_password(password, "ada@example.com", "Ada Lovelace").is_err(), "{password}");
    }
    for password in ["three random words", "k3v9-tq2mx-8fs7a", "grün-blau-gelb-rot"] {
        assert!(check_password(password, "ada@example.com", "Ada Lovelace").is_ok(), "{password}");
    }
}

#[test]
fn one_time_passwords_pass_the_rules_and_differ() {
    let mut rng = StdRng::seed_from_u64(1);
    let (one, two) = (one_time_password(&mut rng), one_time_password(&mut rng));
    assert_ne!(one, two);
    assert!(check_password(&one, "a@b.c", "A").is_ok(), "{one}");
}

#[tokio::test]
async fn few_hash_at_once_and_few_wait() {
    static TURNS: Turns = Turns::new(1, 1);
    let (go, gone) = mpsc::channel::<()>();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let first = tokio::spawn(TURNS.run(move || {
        let _ = begun.send(());
        let _ = gone.recv();
        Ok(1)
    }));
    has_begun.await.unwrap();
    let mut second = Box::pin(TURNS.run(|| Ok(2)));
    assert!(futures::poll!(&mut second).is_pending(), "one waits");
    let third = TURNS.run(|| Ok(3)).await.unwrap_err();
    assert_eq!((third.code.as_str(), third.status(), third.retry_after_seconds), ("sign_in_busy", 503, Some(2)));
    go.send(()).unwrap();
    assert_eq!((first.await.unwrap().unwrap(), second.await.unwrap()), (1, 2));
    assert_eq!(TURNS.run(|| Ok(3)).await.unwrap(), 3);
}

#[test]
fn attempts_count_before_they_are_decided() {
    let (failures, start) = (Failures::new(3), Timestamp::from_micros(0));
    for _ in 0..3 {
        failures.attempt("ada", "1", start).unwrap();
    }
    assert_eq!(failures.attempt("ada", "1", start).unwrap_err().code, "too_many_sign_ins");
    failures.attempt("ada", "2", start).unwrap();
    failures.undecided("ada", "1");
    failures.attempt("ada", "1", start).unwrap();
    failures.succeeded("ada", "1");
    failures.attempt("ada", "1", start).unwrap();
    assert!(failures.attempt("ada", "1", start.plus(16 * MINUTE)).is_ok());
}

#[test]
fn failures_are_forgotten_with_their_time() {
    let failures = Failures::new(10);
    for guess in 0..1_000 {
        let now = Timestamp::from_micros(guess * MINUTE);
        let _ = failures.attempt(&format!("{guess}@{}", "x".repeat(200)), &guess.to_string(), now);
        assert!(failures.kept() <= 16 * 3, "{}", failures.kept());
    }
}
