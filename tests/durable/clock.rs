//! A process whose clock is set back and forth by hand, with `libfaketime`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mqtt_agent::a2a::NewTask;
use mqtt_agent::prelude::*;
use mqtt_agent::wire::TaskState;
use serde_json::json;
use support::{on_each_broker, soon};
use tokio::process::Child;

use crate::process::{self, serving};

const HOUR: i64 = 3600;

/// Where Debian's package `faketime` puts it.
fn faketime() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
    let libraries = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
    libraries
        .into_iter()
        .find(|path| path.exists())
        .expect("`libfaketimeMT.so.1`; install the package `faketime`")
}

/// The clock of a worker's process.
struct Clock(PathBuf);

impl Clock {
    fn new(folder: &Path) -> Self {
        let clock = Self(folder.join("clock"));
        clock.is_off_by(0);
        clock
    }

    /// Sets it, at once.
    fn is_off_by(&self, seconds: i64) {
        let whole = self.0.with_extension("new");
        std::fs::write(&whole, format!("{seconds:+}")).unwrap();
        std::fs::rename(whole, &self.0).unwrap();
    }

    /// Starts the worker with this clock, and waits until it serves.
    async fn worker(&self, url: &str, folder: &Path) -> Child {
        let mut worker = process::worker(url, folder);
        worker
            .env("LD_PRELOAD", faketime())
            .env("FAKETIME_TIMESTAMP_FILE", &self.0)
            .env("FAKETIME_NO_CACHE", "1")
            // A step of the clock leaves the time since the start as it is.
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        serving(worker).await
    }
}

on_each_broker! {
    async fn no_update_is_lost_though_the_agents_clock_steps_back(broker) {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::new(folder.path());
        let mut child = clock.worker(&broker.url(), folder.path()).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut task = client.delegate("worker", NewTask::skill("steps").data(&json!({"count": 6}))).await.unwrap();
        let mut said = Vec::new();
        while let Some(update) = soon(task.next()).await {
            if let Some(message) = update.message {
                said.push(message.text());
                clock.is_off_by(-HOUR * i64::try_from(said.len()).unwrap());
            }
        }
        assert_eq!(said, ["step 1", "step 2", "step 3", "step 4", "step 5", "step 6"]);
        let ended = soon(task.ended()).await.unwrap();
        assert_eq!(ended.result, Some(json!(6)));
        let says: jiff::Timestamp = ended.completed_at.unwrap().parse().unwrap();
        let behind = jiff::Timestamp::now().as_second() - says.as_second();
        assert!(behind > 5 * HOUR, "its clock is behind by {behind} s");
        child.kill().await.unwrap();
    }

    async fn a_task_keeps_its_time_though_the_agents_clock_jumps(broker) {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::new(folder.path());
        let mut child = clock.worker(&broker.url(), folder.path()).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let steps = NewTask::skill("steps").data(&json!({"count": 4}));
        let mut task = client.delegate("worker", steps).timeout(Duration::from_secs(60)).await.unwrap();
        while soon(task.next()).await.unwrap().state != TaskState::Working {}
        clock.is_off_by(24 * HOUR);
        assert_eq!(soon(task.result()).await.unwrap(), json!(4));
        child.kill().await.unwrap();
    }

    async fn a_process_whose_clock_is_behind_goes_on_with_the_tasks_of_the_one_before(broker) {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::new(folder.path());
        let mut child = clock.worker(&broker.url(), folder.path()).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut task = client.delegate("worker", NewTask::skill("steps").data(&json!({"count": 4}))).await.unwrap();
        while soon(task.next()).await.unwrap().state != TaskState::Working {}
        child.kill().await.unwrap();
        clock.is_off_by(-24 * HOUR);
        let mut child = clock.worker(&broker.url(), folder.path()).await;
        assert_eq!(soon(task.result()).await.unwrap(), json!(4));
        child.kill().await.unwrap();
    }
}
