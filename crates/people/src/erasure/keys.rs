//! The list of the keys of erased people, as keyed hashes.
//!
//! The secret of the hashes is random for each workspace and lies in its database: two workspaces' lists cannot be compared,
//! and no table made elsewhere reads them. Who has the whole database can try an address against the list; that is what the
//! list is for.

use crate::bulk::select_in;
use crate::upsert::{Clash, Upserted};
use hashbrown::{HashMap, HashSet};
use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::ids::PersonId;
use kernel::time::Timestamp;
use platform::params;
use platform::sql::{Db, DbError, Tx};
use rand::Rng;
use science::identity::{Identifier, Kind};
use sha2::Sha256;

/// Where the secret stands in `meta`.
const SECRET: &str = "erasure_secret";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The keyed hash of an identifier.
fn hash(secret: &str, key: &str) -> Result<String, DbError> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    let mut mac = mac.map_err(|error| DbError::Column { column: SECRET.to_owned(), reason: error.to_string() })?;
    mac.update(key.as_bytes());
    Ok(hex(&mac.finalize().into_bytes()))
}

/// The secret, made when it is first needed.
pub(super) async fn secret(tx: &mut Tx, rng: &mut impl Rng) -> Result<String, DbError> {
    let fresh: Vec<u8> = (0..4).flat_map(|_| rng.next_u64().to_le_bytes()).collect();
    let sql = "insert into meta (name, value) values ($1, $2) on conflict (name) do nothing";
    tx.execute(sql, params![SECRET, hex(&fresh)]).await?;
    Ok(tx.query_one::<(String,)>("select value from meta where name = $1", params![SECRET]).await?.0)
}

/// Puts identifiers on the list; how many are on it for this erasure.
pub(super) async fn add(
    tx: &mut Tx,
    secret: &str,
    erasure: &str,
    identifiers: &[String],
    until: Timestamp,
    keep_out: bool,
) -> Result<u64, DbError> {
    let mut rows = Vec::with_capacity(identifiers.len());
    for key in identifiers {
        rows.push(params![hash(secret, key)?, erasure, until, keep_out]);
    }
    let again = "on conflict (hash) do update set erasure = excluded.erasure, until_us = excluded.until_us, \
        keep_out = excluded.keep_out";
    tx.insert_many("erasure_keys", &["hash", "erasure", "until_us", "keep_out"], rows, again).await?;
    let sql = "select count(*) from erasure_keys where erasure = $1";
    Ok(tx.query_one::<(i64,)>(sql, params![erasure]).await?.0.cast_unsigned())
}

struct Rule {
    erasure: String,
    until: i64,
    keep_out: bool,
}

/// The whole list of a workspace, in memory: some hundred bytes a key.
#[derive(Default)]
pub(crate) struct KeyList {
    secret: String,
    rules: HashMap<String, Rule>,
}

impl KeyList {
    pub(crate) async fn load(db: &Db) -> Result<Self, DbError> {
        let rows: Vec<(String, String, i64, bool)> =
            db.query("select hash, erasure, until_us, keep_out from erasure_keys", Vec::new()).await?;
        if rows.is_empty() {
            return Ok(Self::default());
        }
        let (secret,): (String,) = db.query_one("select value from meta where name = $1", params![SECRET]).await?;
        let rule = |(hash, erasure, until, keep_out)| (hash, Rule { erasure, until, keep_out });
        Ok(Self { secret, rules: rows.into_iter().map(rule).collect() })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The erasure because of which an event of this moment with these identifiers is not stored. A browser's id is refused
    /// only for what happened before: somebody else may use the browser.
    pub(crate) fn refuses<'a, 'b>(
        &'b self,
        at: i64,
        identifiers: impl Iterator<Item = &'a Identifier>,
    ) -> Result<Option<&'b str>, DbError> {
        for identifier in identifiers {
            let Some(rule) = self.rules.get(&hash(&self.secret, &identifier.key())?) else { continue };
            if at <= rule.until || (rule.keep_out && *identifier.kind() != Kind::AnonymousId) {
                return Ok(Some(&rule.erasure));
            }
        }
        Ok(None)
    }
}

/// The code of a row about somebody who was erased and is kept out.
pub(crate) const ERASED: &str = "erased";

/// What becomes of a row about somebody who was erased and is kept out.
pub(crate) fn refusal() -> Upserted<PersonId> {
    let message = "The person of this row was erased and is kept out. What the row says is not kept either.";
    Upserted::Rejected(Clash::new(ERASED, message))
}

/// Which of these identifiers belong to people who were erased and are kept out.
pub(crate) async fn kept_out(tx: &mut Tx, wanted: &HashSet<Identifier>) -> Result<HashSet<Identifier>, DbError> {
    let any: Option<(String,)> =
        tx.query_optional("select hash from erasure_keys where keep_out limit 1", Vec::new()).await?;
    if any.is_none() {
        return Ok(HashSet::new());
    }
    let (secret,): (String,) = tx.query_one("select value from meta where name = $1", params![SECRET]).await?;
    let mut by_hash: HashMap<String, &Identifier> = HashMap::new();
    for identifier in wanted {
        by_hash.insert(hash(&secret, &identifier.key())?, identifier);
    }
    let hashes: Vec<String> = by_hash.keys().cloned().collect();
    let found: Vec<(String,)> =
        select_in(tx, "select hash from erasure_keys where keep_out and hash in ({in})", &hashes).await?;
    Ok(found.into_iter().filter_map(|(hash,)| by_hash.get(&hash).map(|one| (*one).clone())).collect())
}
