//! Background jobs: leases, retries, progress, cancelling, shutdown.

use async_trait::async_trait;
use futures::StreamExt as _;
use kernel::ids::JobId;
use kernel::page::PageRequest;
use kernel::time::{DAY, MINUTE, SECOND};
use parking_lot::Mutex;
use platform::jobs::{self, JobContext, JobError, JobHandler, JobSettings, JobState, Jobs};
use platform::params;
use serde_json::json;
use std::sync::Arc;
use testkit::{TestPlatform, platforms};
use tokio::sync::Notify;

type Script = Arc<dyn Fn(u32) -> Result<(), JobError> + Send + Sync>;

/// Does what its script says for each try, and notes each.
struct Scripted {
    script: Script,
    seen: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl JobHandler for Scripted {
    fn kind(&self) -> &'static str {
        "test.scripted"
    }

    async fn run(&self, job: &JobContext) -> Result<(), JobError> {
        let line = format!("{} try {} for {}", job.payload["name"], job.attempt, job.scope.actor.label());
        self.seen.lock().push(line);
        (self.script)(job.attempt)
    }
}

fn scripted(
    test: &TestPlatform,
    script: impl Fn(u32) -> Result<(), JobError> + Send + Sync + 'static,
) -> Arc<Mutex<Vec<String>>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    test.platform.jobs.register(Arc::new(Scripted { script: Arc::new(script), seen: seen.clone() }));
    seen
}

async fn enqueue(test: &TestPlatform, kind: &str, key: Option<&str>) -> JobId {
    let mut tx = test.db.begin().await.unwrap();
    let payload = json!({"name": key.unwrap_or("none")});
    let id = test.platform.jobs.enqueue(&mut tx, &test.scope, kind, key, &payload).await.unwrap();
    tx.commit().await.unwrap();
    id
}

#[tokio::test]
async fn a_job_runs_for_whoever_asked_and_is_done() {
    for test in platforms().await {
        let seen = scripted(&test, |_| Ok(()));
        let id = enqueue(&test, "test.scripted", Some("k")).await;
        let ran = test.platform.jobs.run_due(&test.scope.workspace).await.unwrap();
        let job = test.platform.jobs.get(&test.scope, &id).await.unwrap();
        assert_eq!((ran, job.state, job.attempts), (1, JobState::Done, 1));
        assert_eq!(*seen.lock(), [format!("\"k\" try 1 for {}", test.scope.actor.label())]);
        assert_eq!(job.requested_by, test.scope.actor.label());
        assert_eq!(test.platform.jobs.run_due(&test.scope.workspace).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_job_that_was_rolled_back_never_runs() {
    for test in platforms().await {
        let seen = scripted(&test, |_| Ok(()));
        let mut tx = test.db.begin().await.unwrap();
        test.platform.jobs.enqueue(&mut tx, &test.scope, "test.scripted", None, &json!({})).await.unwrap();
        tx.rollback().await.unwrap();
        assert_eq!(test.platform.jobs.run_due(&test.scope.workspace).await.unwrap(), 0);
        assert!(seen.lock().is_empty());
    }
}

#[tokio::test]
async fn one_live_job_for_a_key() {
    for test in platforms().await {
        scripted(&test, |_| Ok(()));
        let first = enqueue(&test, "test.scripted", Some("k")).await;
        let second = enqueue(&test, "test.scripted", Some("k")).await;
        let other = enqueue(&test, "test.scripted", Some("other")).await;
        let (none, none_again) =
            (enqueue(&test, "test.scripted", None).await, enqueue(&test, "test.scripted", None).await);
        assert_eq!(first, second);
        assert!(first != other && none != none_again);
        assert_eq!(test.platform.jobs.run_due(&test.scope.workspace).await.unwrap(), 4);
        assert_ne!(enqueue(&test, "test.scripted", Some("k")).await, first, "a finished job makes room");
    }
}

#[tokio::test]
async fn a_failing_job_is_tried_again_later_and_later_then_fails() {
    for test in platforms().await {
        scripted(&test, |_| Err(JobError::Retry("the other side is away".to_owned())));
        let id = enqueue(&test, "test.scripted", None).await;
        let mut waits = Vec::new();
        for attempt in 1..=5 {
            assert_eq!(test.platform.jobs.run_due(&test.scope.workspace).await.unwrap(), 1, "try {attempt}");
            let job = test.platform.jobs.get(&test.scope, &id).await.unwrap();
            assert_eq!(job.error.as_deref(), Some("the other side is away"));
            if attempt == 5 {
                assert_eq!((job.state, job.attempts), (JobState::Failed, 5));
                break;
            }
            assert_eq!((job.state, job.attempts), (JobState::Queued, attempt));
            let sql = "select run_after_us from jobs where id = $1";
            let due: (i64,) = test.db.query_one(sql, params![&id]).await.unwrap();
            waits.push(due.0 - test.platform.world.now().micros());
            assert_eq!(test.platform.jobs.run_due(&test.scope.workspace).await.unwrap(), 0, "not before its time");
            test.advance(*waits.last().unwrap());
        }
        for (wait, plain) in waits.iter().zip([5, 10, 20, 40]) {
            assert!((plain * SECOND..=plain * SECOND * 5 / 4).contains(wait), "{waits:?}");
        }
    }
}

#[tokio::test]
async fn a_job_that_can_never_work_fails_at_once_and_a_panic_is_a_failure() {
    for test in platforms().await {
        scripted(&test, |attempt| match attempt {
            1 => panic!("boom"),
            _ => Err(JobError::Failed("the file is not CSV".to_owned())),
        });
        let id = enqueue(&test, "test.scripted", None).await;
        test.platform.jobs.run_due(&test.scope.workspace).await.unwrap();
        let job = test.platform.jobs.get(&test.scope, &id).await.unwrap();
        assert_eq!((job.state, job.error.as_deref()), (JobState::Queued, Some("the job panicked: boom")));
        test.advance(MINUTE);
        test.platform.jobs.run_due(&test.scope.workspace).await.unwrap();
        let job = test.platform.jobs.get(&test.scope, &id).await.unwrap();
        assert_eq!((job.state, job.error.as_deref()), (JobState::Failed, Some("the file is not CSV")));
    }
}

#[tokio::test]
async fn a_silent_workers_job_goes_to_another_after_the_lease_and_not_for_ever() {
    for test in platforms().await {
        let seen = scripted(&test, |_| Ok(()));
        let id = enqueue(&test, "test.scripted", None).await;
        let until = test.platform.world.now().plus(MINUTE);
        let sql =
            "update jobs set state = 'running', attempts = $3, lease_owner = 'dead', lease_until_us = $2 where id = $1";
        test.db.execute(sql, params![&id, until, 1_i64]).await.unwrap();
        assert_eq!(test.platform.jobs.run_due(&test.scope.workspace).await.unwrap(), 0, "the lease still holds");
        test.advance(MINUTE);
        assert_eq!(test.platform.jobs.run_due(&test.scope.workspace).await.unwrap(), 1);
        let job = test.platform.jobs.get(&test.scope, &id).await.unwrap();
        assert_eq!((job.state, job.attempts, seen.lock().len()), (JobState::Done, 2, 1));

        let poison = enqueue(&test, "test.scripted", None).await;
        test.db.execute(sql, params![&poison, until, 5_i64]).await.unwrap();
        assert_eq!(test.platform.jobs.run_due(&test.scope.workspace).await.unwrap(), 1);
        let job = test.platform.jobs.get(&test.scope, &poison).await.unwrap();
        assert_eq!((job.state, seen.lock().len()), (JobState::Failed, 1), "a job that kills its worker is given up");
    }
}

#[tokio::test]
async fn who_is_alone_with_a_workspace_takes_up_at_once_what_a_killed_process_left() {
    for test in platforms().await {
        let seen = scripted(&test, |_| Ok(()));
        let id = enqueue(&test, "test.scripted", None).await;
        let until = test.platform.world.now().plus(MINUTE);
        let sql =
            "update jobs set state = 'running', attempts = 1, lease_owner = 'dead', lease_until_us = $2 where id = $1";
        test.db.execute(sql, params![&id, until]).await.unwrap();
        assert_eq!(test.platform.jobs.run_due(&test.scope.workspace).await.unwrap(), 0, "the lease still holds");
        test.platform.jobs.take_over(&test.scope.workspace).await.unwrap();
        assert_eq!(test.platform.jobs.run_due(&test.scope.workspace).await.unwrap(), 1);
        assert_eq!(seen.lock().len(), 1);
    }
}

/// Reports progress until it is told to stop.
struct Endless {
    started: Arc<Notify>,
    go_on: Arc<Notify>,
}

#[async_trait]
impl JobHandler for Endless {
    fn kind(&self) -> &'static str {
        "test.endless"
    }

    async fn run(&self, job: &JobContext) -> Result<(), JobError> {
        let mut done = 0;
        loop {
            job.progress(done, 0, &format!("step {done}")).await?;
            self.started.notify_one();
            done += 1;
            self.go_on.notified().await;
        }
    }
}

fn endless(jobs: &Jobs) -> (Arc<Notify>, Arc<Notify>) {
    let (started, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    jobs.register(Arc::new(Endless { started: started.clone(), go_on: go_on.clone() }));
    (started, go_on)
}

#[tokio::test]
async fn a_running_job_is_watched_and_cancelled() {
    for test in platforms().await {
        let jobs = test.platform.jobs.clone();
        let (started, go_on) = endless(&jobs);
        let runner = test.platform.start_jobs();
        let id = enqueue(&test, "test.endless", None).await;
        started.notified().await;
        let watch = jobs.watch(&test.scope, &id).await.unwrap();
        let mut watch = std::pin::pin!(watch);
        let first = watch.next().await.unwrap();
        assert_eq!((first.state, first.note.as_str()), (JobState::Running, "step 0"));
        go_on.notify_one();
        while watch.next().await.unwrap().note != "step 1" {}
        let asked = jobs.cancel(&test.scope, &id).await.unwrap();
        assert!(asked.cancelling || asked.state == JobState::Cancelled);
        go_on.notify_one();
        let mut last = asked;
        while let Some(job) = watch.next().await {
            last = job;
            go_on.notify_one();
        }
        assert_eq!((last.state, last.cancelling), (JobState::Cancelled, false), "the stream ends with the final state");
        let error = jobs.cancel(&test.scope, &id).await.unwrap_err();
        assert_eq!((error.status(), error.code.as_str()), (409, "job_finished"));
        runner.shutdown().await;
    }
}

#[tokio::test]
async fn a_queued_job_is_cancelled_at_once() {
    for test in platforms().await {
        let seen = scripted(&test, |_| Ok(()));
        let id = enqueue(&test, "test.scripted", None).await;
        assert_eq!(test.platform.jobs.cancel(&test.scope, &id).await.unwrap().state, JobState::Cancelled);
        assert_eq!(test.platform.jobs.run_due(&test.scope.workspace).await.unwrap(), 0);
        assert!(seen.lock().is_empty());
    }
}

#[tokio::test]
async fn stopping_the_process_hands_a_running_job_back() {
    for test in platforms().await {
        let (started, go_on) = endless(&test.platform.jobs);
        let runner = test.platform.start_jobs();
        let id = enqueue(&test, "test.endless", None).await;
        started.notified().await;
        let stopping = tokio::spawn(runner.shutdown());
        // The job is told at its next report, whenever that is.
        while !stopping.is_finished() {
            go_on.notify_one();
            tokio::task::yield_now().await;
        }
        let job = test.platform.jobs.get(&test.scope, &id).await.unwrap();
        assert_eq!((job.state, job.attempts), (JobState::Queued, 0), "handed back, and not counted as a try");
    }
}

#[tokio::test]
async fn two_workers_never_run_one_job() {
    for test in platforms().await {
        let settings = JobSettings { workers: 4, ..JobSettings::default() };
        let jobs = Jobs::new(test.platform.databases.clone(), test.platform.world.clone(), settings);
        let seen = Arc::new(Mutex::new(Vec::new()));
        jobs.register(Arc::new(Scripted { script: Arc::new(|_| Ok(())), seen: seen.clone() }));
        let mut ids = Vec::new();
        for number in 0..30 {
            ids.push(enqueue(&test, "test.scripted", Some(&format!("k{number:02}"))).await);
        }
        let workspace = test.scope.workspace.clone();
        let runner = jobs.start(Arc::new(move || {
            let workspace = workspace.clone();
            Box::pin(async move { Ok(vec![workspace]) })
        }));
        for id in &ids {
            let watch = jobs.watch(&test.scope, id).await.unwrap();
            assert_eq!(watch.collect::<Vec<_>>().await.last().unwrap().state, JobState::Done);
        }
        runner.shutdown().await;
        let mut names = seen.lock().clone();
        names.sort();
        names.dedup();
        assert_eq!((names.len(), seen.lock().len()), (30, 30));
    }
}

#[tokio::test]
async fn jobs_that_ended_long_ago_are_forgotten_and_waiting_ones_are_not() {
    for test in platforms().await {
        scripted(&test, |_| Ok(()));
        let done = enqueue(&test, "test.scripted", None).await;
        test.platform.jobs.run_due(&test.scope.workspace).await.unwrap();
        let waiting = enqueue(&test, "test.scripted", None).await;
        for (days, known) in [(90, true), (1, false)] {
            test.advance(days * DAY);
            test.platform.jobs.upkeep(&test.scope.workspace).await.unwrap();
            assert_eq!(test.platform.jobs.get(&test.scope, &done).await.is_ok(), known);
            test.platform.jobs.get(&test.scope, &waiting).await.unwrap();
        }
    }
}

#[tokio::test]
async fn jobs_over_http() {
    for test in platforms().await {
        scripted(&test, |_| Ok(()));
        let client = test.client(vec![jobs::routes(test.platform.jobs.clone())]);
        let first = enqueue(&test, "test.scripted", Some("a")).await;
        test.advance(SECOND);
        let second = enqueue(&test, "test.scripted", Some("b")).await;
        client.post(&format!("/api/v1/jobs/{first}/cancel"), &json!({})).await.expect(200);
        test.platform.jobs.run_due(&test.scope.workspace).await.unwrap();
        let page = client.get("/api/v1/jobs?limit=1").await.expect(200).json();
        assert_eq!(page["items"][0]["id"], json!(second));
        let next = format!("/api/v1/jobs?limit=1&cursor={}", page["next_cursor"].as_str().unwrap());
        let page = client.get(&next).await.expect(200).json();
        assert_eq!((&page["items"][0]["id"], page.get("next_cursor")), (&json!(first), None));
        let page = client.get("/api/v1/jobs?state=done").await.expect(200).json();
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
        let problem = client.get("/api/v1/jobs?state=nope").await.expect(422).json();
        assert_eq!(problem["field"], "state", "{problem}");
        client.get("/api/v1/jobs/job_nope").await.expect(404);
        let stream = client.get(&format!("/api/v1/jobs/{second}/watch")).await.expect(200);
        assert_eq!(stream.headers["content-type"], "text/event-stream");
        assert!(stream.text().starts_with("data: {\"id\":\"job_"), "{}", stream.text());
        let all = test.platform.jobs.list(&test.scope, None, &PageRequest::default()).await.unwrap();
        assert_eq!(all.items.len(), 2);
    }
}
