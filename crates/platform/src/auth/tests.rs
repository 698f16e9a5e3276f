use super::{PasswordCost, check_password, fits, hash_password, one_time_password};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

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
