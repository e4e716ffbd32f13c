//! Rules for `insert`, `get` and `update`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Broken, Verdict, ended, ids, join, record, same, settled};
use crate::store::TaskSide::{self, Delegator, Executor};
use crate::store::{TaskRecord, TaskStore};
use crate::wire::{Artifact, Part, Role, TaskError, TaskMessage, TaskState};

type Store = Arc<dyn TaskStore>;

pub(super) async fn a_new_store_is_empty(store: Store) -> Verdict {
    for side in [Executor, Delegator] {
        same("`get`", store.get(side, "a").await?, None)?;
        same("`open`", store.open(side, None, 10).await?, Vec::new())?;
    }
    same("`prune`", store.prune(&Default::default()).await?, 0)
}

pub(super) async fn records_come_back_with_every_field(store: Store) -> Verdict {
    let full = full("full")?;
    let bare = record("bare")?;
    for record in [&full, &bare] {
        same("`insert`", store.insert(Executor, record.clone()).await?, None)?;
        let kept = store.get(Executor, record.task.task_id.as_str()).await?;
        same("after `insert`", kept.as_ref(), Some(record))?;
    }
    same("`open`", store.open(Executor, None, 10).await?, vec![full.clone(), bare])?;
    let mut changed = full;
    changed.deadline_ms = Some(i64::MAX);
    changed.task.messages.push(TaskMessage::new(Role::Agent, vec![Part::text("line\nof \"text\" \u{0}")]));
    same("`update`", store.update(Executor, changed.clone()).await?, true)?;
    same("after `update`", store.get(Executor, "full").await?, Some(changed))
}

fn full(id: &str) -> Result<TaskRecord, Broken> {
    let mut record = record(id)?;
    let mut metadata = Map::new();
    metadata.insert("ключ".to_owned(), json!({"a": [1, null, {"b": "\u{1f980}"}]}));
    let mut noted = Part::data(json!({"list": [0.1, -1.5e-300, 1e300, u64::MAX, i64::MIN], "empty": {}}));
    noted.metadata = metadata.clone();
    let parts = vec![
        Part::text("text"),
        Part::raw(vec![0, 1, 254, 255], "image/png").with_filename("a.png"),
        Part::url("https://example.org/"),
        noted,
    ];
    let mut artifact = Artifact::new("a-1", parts.clone()).with_name("name").with_description("description");
    artifact.metadata = metadata;
    record.task.title = "Zähl".to_owned();
    record.task.status = TaskState::InputRequired;
    record.task.messages =
        vec![TaskMessage::new(Role::User, parts), TaskMessage::new(Role::Agent, vec![Part::text("so")])];
    record.task.result = Some(Value::from(66.0 / 7.0));
    record.task.error = Some(TaskError::new("task_error", "no").with_code("E1"));
    record.task.artifacts = vec![artifact, Artifact::new("a-2", [])];
    record.task.created_at = "2026-11-23T08:00:00Z".to_owned();
    record.task.updated_at = "2026-11-23T08:00:01.5Z".to_owned();
    record.attempts = 3;
    record.canceled = true;
    record.sent = true;
    record.executor = Some("team-a".to_owned());
    record.settled = true;
    record.reply_topic = Some("a2a/v1/ответ".to_owned());
    record.correlation = Some((0..=255).collect());
    record.updates = true;
    record.deadline_ms = Some(i64::MIN);
    record.traceparent = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
    record.tracestate = Some("a=b".to_owned());
    Ok(record)
}

pub(super) async fn ids_are_compared_byte_by_byte(store: Store) -> Verdict {
    // Lower and upper case, composed and decomposed, another script, a space at the end, a quote, and the longest.
    let longest = "\u{1f980}".repeat(32);
    let all = ["é", "e\u{301}", "É", "задача", "任务", "t", "T", "t ", "t'--", "%", "_", &longest];
    for id in all {
        same(id, store.insert(Executor, record(id)?).await?, None)?;
    }
    for id in all {
        same(id, store.get(Executor, id).await?, Some(record(id)?))?;
    }
    same("`open`", ids(&store.open(Executor, None, 100).await?), all.to_vec())
}

pub(super) async fn insert_is_once(store: Store) -> Verdict {
    same("the first time", store.insert(Executor, record("a")?).await?, None)?;
    let second = TaskRecord { attempts: 7, ..settled("a")? };
    same("the second time", store.insert(Executor, second).await?, Some(record("a")?))?;
    same("what is kept", store.get(Executor, "a").await?, Some(record("a")?))
}

pub(super) async fn of_64_inserts_of_one_id_at_once_one_is_first(store: Store) -> Verdict {
    let mut tasks = Vec::new();
    for attempts in 0..64 {
        let record = TaskRecord { attempts, ..record("a")? };
        let store = store.clone();
        tasks.push(tokio::spawn(async move { store.insert(Executor, record).await }));
    }
    let given = join(tasks).await?;
    same("how many were first", given.iter().filter(|kept| kept.is_none()).count(), 1)?;
    let first = store.get(Executor, "a").await?;
    let others = given.into_iter().filter(Option::is_some);
    for other in others {
        same("what the others were given", other, first.clone())?;
    }
    Ok(())
}

pub(super) async fn sides_do_not_mix(store: Store) -> Verdict {
    let of = |side: TaskSide| -> Result<TaskRecord, Broken> {
        Ok(TaskRecord { reply_topic: Some(side.as_str().to_owned()), ..record("a")? })
    };
    same("`insert`", store.insert(Executor, of(Executor)?).await?, None)?;
    same("`get` of the other side", store.get(Delegator, "a").await?, None)?;
    same("`update` of the other side", store.update(Delegator, of(Delegator)?).await?, false)?;
    same("`open` of the other side", store.open(Delegator, None, 10).await?, Vec::new())?;
    same("`insert` on the other side", store.insert(Delegator, of(Delegator)?).await?, None)?;
    same("`update`", store.update(Delegator, settled("a")?).await?, true)?;
    same("`get`", store.get(Executor, "a").await?, Some(of(Executor)?))?;
    same("`open`", store.open(Executor, None, 10).await?, vec![of(Executor)?])
}

pub(super) async fn update_takes_the_place_of_what_is_kept(store: Store) -> Verdict {
    store.insert(Executor, full("a")?).await?;
    same("`update`", store.update(Executor, record("a")?).await?, true)?;
    same("what is kept", store.get(Executor, "a").await?, Some(record("a")?))
}

pub(super) async fn update_of_what_is_not_kept_changes_nothing(store: Store) -> Verdict {
    same("`update`", store.update(Executor, record("a")?).await?, false)?;
    same("`update` of one that has ended", store.update(Executor, settled("a")?).await?, false)?;
    same("what is kept", store.get(Executor, "a").await?, None)
}

pub(super) async fn an_ended_task_changes_nothing_but_settled(store: Store) -> Verdict {
    let states = [TaskState::Completed, TaskState::Failed, TaskState::Canceled, TaskState::Rejected];
    for (id, state) in ["a", "b", "c", "d"].into_iter().zip(states) {
        let mut end = record(id)?;
        end.task.status = state;
        end.task.result = Some(json!(1));
        store.insert(Executor, record(id)?).await?;
        same("`update` that ends it", store.update(Executor, end.clone()).await?, true)?;
        same(
            "`update` after the end",
            store.update(Executor, TaskRecord { settled: false, ..full(id)? }).await?,
            true,
        )?;
        same("what is kept", store.get(Executor, id).await?, Some(end.clone()))?;
        let settling = TaskRecord { attempts: 9, ..full(id)? };
        same("`update` that settles it", store.update(Executor, settling).await?, true)?;
        end.settled = true;
        same("once settled", store.get(Executor, id).await?, Some(end))?;
    }
    same("`open`", store.open(Executor, None, 10).await?, Vec::new())
}

pub(super) async fn settled_stays_true_once_a_task_has_ended(store: Store) -> Verdict {
    store.insert(Executor, settled("a")?).await?;
    same("`update`", store.update(Executor, ended("a")?).await?, true)?;
    same("what is kept", store.get(Executor, "a").await?, Some(settled("a")?))?;
    same("`open`", store.open(Executor, None, 10).await?, Vec::new())
}

pub(super) async fn of_32_ends_at_once_one_holds(store: Store) -> Verdict {
    store.insert(Executor, record("a")?).await?;
    let mut tasks = Vec::new();
    for number in 0..32 {
        let mut end = ended("a")?;
        end.task.result = Some(json!(number));
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            store.update(Executor, end).await?;
            store.get(Executor, "a").await
        }));
    }
    let seen = join(tasks).await?;
    let end = store.get(Executor, "a").await?;
    for seen in seen {
        same("what was seen after an end", seen, end.clone())?;
    }
    Ok(())
}
