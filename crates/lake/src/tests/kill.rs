//! Kill −9 of a real process that does everything a lake does, at every step of every kind of work, beside short writes, a
//! full disk and failed syncs; then the next process opens what is left, and looks.
//!
//! Nothing acknowledged is lost or doubled, what was erased or dropped stays gone, a change of the rules has reached all
//! events or none and what was known before is still known, the catalog is readable, and [`crate::Lake::check`] finds
//! nothing. The process is this test's own program, started again for [`child`] alone.

use super::kill_child::{Ledger, Number, Plan};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Work and the steps at which it is killed.
const PLACES: [(&str, &[&str]); 6] = [
    ("append", &["log.write", "log.sync", "log.segment", "log.heal"]),
    (
        "seal",
        &[
            "file.create",
            "file.write",
            "file.sync",
            "file.rename",
            "file.folder",
            "run.write",
            "run.rename",
            "switch.before",
            "switch.after",
        ],
    ),
    (
        "erase",
        &["file.create", "file.write", "file.sync", "file.rename", "file.folder", "switch.before", "switch.after"],
    ),
    ("drop", &["log.segment", "switch.before", "switch.after"]),
    (
        "promote",
        &["file.create", "file.write", "file.sync", "file.rename", "file.folder", "switch.before", "switch.after"],
    ),
    (
        "rederive",
        &["file.create", "file.write", "file.sync", "file.rename", "file.folder", "switch.before", "switch.after"],
    ),
];

/// How long a process may take before it is taken for stuck.
const PATIENCE: Duration = Duration::from_secs(60);
/// Processes that work on one folder, one after the other.
const ROUNDS_A_FOLDER: u64 = 30;

/// One process: starts it, listens, kills it where the plan says. Whether, and where, it was killed.
fn round(folder: &std::path::Path, plan: &Plan, ledger: &mut Ledger) -> Option<String> {
    let program = std::env::current_exe().unwrap();
    let mut command = if plan.file_bytes_max > 0 {
        // The kernel itself cuts writes short: what is too long for a file arrives in part, then fails.
        let mut command = Command::new("sh");
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", plan.file_bytes_max / 512);
        command.args(["-c", &script, "sh"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.args(["tests::kill_child::child", "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env("LAKE_KILL_FOLDER", folder).env("LAKE_KILL_PLAN", serde_json::to_string(plan).unwrap());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&serde_json::to_vec(ledger).unwrap()).unwrap();
    drop(input);
    let (sender, lines) = mpsc::channel();
    let output = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    let errors = child.stderr.take().unwrap();
    let errors = std::thread::spawn(move || std::io::read_to_string(errors).unwrap_or_default());
    let mut killed = None;
    let mut wait = plan.kill_after_ms.map_or(PATIENCE, Duration::from_millis);
    loop {
        match lines.recv_timeout(wait) {
            Ok(line) => {
                // What libtest says may stand before it on the line.
                let Some((_, told)) = line.split_once('@') else { continue };
                if let Some(place) = told.strip_prefix("kill ") {
                    child.kill().unwrap();
                    killed = Some(place.to_owned());
                } else {
                    ledger.note(told);
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                assert!(plan.kill_after_ms.is_some(), "{plan:?}: the process is stuck");
                child.kill().unwrap();
                killed = Some("some moment".to_owned());
                wait = PATIENCE;
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    let status = child.wait().unwrap();
    reader.join().unwrap();
    let errors = errors.join().unwrap();
    assert!(killed.is_some() || status.success(), "{plan:?}: {status}\n{errors}");
    killed
}

/// Rounds of one lane, until so many processes were killed.
fn lane(seed: u64, kills: usize) -> (usize, BTreeSet<String>, Ledger) {
    let places: Vec<(&str, &str)> =
        PLACES.iter().flat_map(|(work, steps)| steps.iter().map(|step| (*work, *step))).collect();
    let (mut killed, mut seen) = (0, BTreeSet::new());
    let mut total = Ledger::default();
    let mut round_number = 0_u64;
    while killed < kills {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::default();
        for _ in 0..ROUNDS_A_FOLDER {
            round_number += 1;
            let number = seed + round_number * 2;
            let (work, step) = places[usize::try_from(number / 2).unwrap() % places.len()];
            let plan = Plan {
                seed: number,
                // Every fifth is killed at a moment of its own, wherever it is.
                kill_after_ms: number.is_multiple_of(5).then_some(20 + number * 37 % 200),
                kill_in: work.to_owned(),
                kill_at: step.to_owned(),
                kill_nth: 1 + number * 7 % 3,
                failing_percent: if number.is_multiple_of(3) || step == "log.heal" { 8 } else { 0 },
                file_bytes_max: if number.is_multiple_of(7) { 16 << 10 } else { 0 },
            };
            if let Some(place) = round(folder.path(), &plan, &mut ledger) {
                killed += 1;
                seen.insert(place);
            }
        }
        // The last process of a folder looks, and is left alone.
        let calm = Plan { seed: 1, kill_in: "nothing".to_owned(), ..Plan::default() };
        assert_eq!(round(folder.path(), &calm, &mut ledger), None);
        assert_eq!(ledger.pending, [], "what was begun has been ended");
        assert_eq!(ledger.rules, ledger.derived, "and so has the last change of the rules");
        total.derived += ledger.derived;
        total.states.extend(ledger.states);
        total.errors += ledger.errors;
        assert!(round_number < 1_000, "only {killed} of {round_number} processes were killed");
    }
    (killed, seen, total)
}

#[test]
fn nothing_acknowledged_is_lost_or_doubled_by_kills_short_writes_full_disks_and_failed_syncs() {
    let other = std::thread::spawn(|| lane(1, 105));
    let (mut killed, mut seen, mut total) = lane(0, 105);
    let (more, places, rest) = other.join().unwrap();
    killed += more;
    seen.extend(places);
    total.states.extend(rest.states);
    let count = |state: Number| total.states.iter().filter(|found| **found == state).count();
    let derived = total.derived + rest.derived;
    let (acked, gone, errors) = (count(Number::Acked), count(Number::Gone), total.errors + rest.errors);
    eprintln!(
        "{killed} kills; {acked} events kept, {gone} erased or dropped, {derived} re-derivations, {errors} errors; at {seen:?}"
    );
    assert!(killed >= 200 && acked > 1_000 && gone > 500 && errors > 20 && derived > 20, "the work was no work");
    let missing: Vec<String> = PLACES
        .iter()
        .flat_map(|(work, steps)| steps.iter().map(move |step| format!("{work} {step}")))
        .filter(|place| !seen.contains(place))
        .collect();
    assert_eq!(missing, Vec::<String>::new(), "never killed there");
}
