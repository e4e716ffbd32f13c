//! Tests of the tasks that hosts poll.

use std::time::{Duration, Instant};

use rmcp::model::{JsonObject, TaskPayload, TaskStatus};

use super::question;
use super::task_book::{
    FETCHED, Kind, MOST, MOST_OWN, MOST_OWN_BYTES, TaskBook, UNFETCHED, Unknown, millis, poll,
};

const HOUR: Duration = Duration::from_secs(3600);
const SCOUT: Option<&str> = Some("scout");

fn begin(book: &TaskBook, owner: Option<&str>, now: Instant) -> Option<String> {
    book.begin(owner, Kind::Polled, HOUR, None, now).map(|begun| begun.task.task_id)
}

fn end(book: &TaskBook, id: &str, bytes: usize) -> bool {
    let result = JsonObject::from_iter([("text".to_owned(), "x".repeat(bytes).into())]);
    book.end(id, TaskPayload::Completed { result }, Instant::now())
}

fn status(book: &TaskBook, id: &str, now: Instant) -> Option<TaskStatus> {
    book.get(id, SCOUT, now).map(|task| task.status())
}

#[test]
fn an_id_is_good_for_its_identity_alone() {
    let (book, now) = (TaskBook::default(), Instant::now());
    let id = begin(&book, SCOUT, now).unwrap();
    for other in [Some("probe"), None] {
        assert_eq!(book.get(&id, other, now), None);
        assert_eq!(book.asked(&id, other, now), Err(Unknown));
        assert_eq!(book.cancel(&id, other, now), Err(Unknown));
    }
    assert_eq!(book.get("guessed", SCOUT, now), None);
    assert_eq!(status(&book, &id, now), Some(TaskStatus::Working));
}

#[test]
fn a_task_is_kept_for_its_ttl_and_shorter_once_its_end_is_fetched() {
    let (book, now) = (TaskBook::default(), Instant::now());
    let (kept, fetched) = (begin(&book, SCOUT, now).unwrap(), begin(&book, SCOUT, now).unwrap());
    assert!(end(&book, &kept, 1) && end(&book, &fetched, 1));
    let ttl = |id: &str, now| book.get(id, SCOUT, now).map(|task| task.task.ttl_ms);
    assert_eq!(ttl(&fetched, now + HOUR), Some(millis(HOUR + FETCHED)));
    assert_eq!(ttl(&fetched, now + HOUR + FETCHED / 2), Some(millis(HOUR + FETCHED)));
    assert_eq!(ttl(&fetched, now + HOUR + FETCHED), None);
    let last = now + HOUR + UNFETCHED;
    assert_eq!(
        ttl(&kept, last.checked_sub(Duration::from_millis(1)).unwrap()),
        Some(millis(HOUR + UNFETCHED))
    );
    assert_eq!(ttl(&kept, last), None);
}

#[test]
fn a_handle_is_kept_for_a_quarter_of_an_hour_after_its_end() {
    let (book, now) = (TaskBook::default(), Instant::now());
    let [open, ended] =
        [(); 2].map(|()| book.begin(SCOUT, Kind::Handle, HOUR, None, now).unwrap().task.task_id);
    assert!(book.end(&ended, TaskPayload::Cancelled, now));
    let last = now + UNFETCHED;
    book.expire(last.checked_sub(Duration::from_millis(1)).unwrap());
    assert!(book.until(&ended).is_some());
    book.expire(last);
    assert!(book.until(&ended).is_none() && book.until(&open).is_some());
}

#[test]
fn what_has_ended_makes_place_for_more_tasks() {
    let (book, now) = (TaskBook::default(), Instant::now());
    let begin = |kind| book.begin(SCOUT, kind, HOUR, None, now).map(|begun| begun.task.task_id);
    let ids: Vec<_> = (0..MOST_OWN)
        .map(|number| begin(if number == 1 { Kind::Handle } else { Kind::Polled }).unwrap())
        .collect();
    assert!(begin(Kind::Polled).is_none());
    // A host that polls has not fetched the end of its task.
    assert!(end(&book, &ids[0], 1) && begin(Kind::Polled).is_none());
    // A model may have forgotten its handle.
    assert!(end(&book, &ids[1], 1) && begin(Kind::Polled).is_some());
    assert!(book.until(&ids[0]).is_some() && book.until(&ids[1]).is_none());
    assert_eq!(status(&book, &ids[0], now), Some(TaskStatus::Completed));
    assert!(begin(Kind::Polled).is_some() && book.until(&ids[0]).is_none());
    assert!(begin(Kind::Polled).is_none());
}

#[test]
fn what_is_forgotten_or_cancelled_ends_its_work() {
    let (book, now) = (TaskBook::default(), Instant::now());
    let [cancelled, own, old] =
        [SCOUT, Some("probe"), SCOUT].map(|owner| book.begin(owner, Kind::Polled, HOUR, None, now).unwrap());
    assert_eq!(book.cancel(&cancelled.task.task_id, SCOUT, now), Ok(()));
    assert!(cancelled.cancelled.is_cancelled() && !cancelled.gone.is_cancelled());
    book.retain(|owner| owner != Some("probe"));
    assert!(own.gone.is_cancelled() && !old.gone.is_cancelled());
    book.expire(now + HOUR + UNFETCHED);
    assert!(old.gone.is_cancelled() && cancelled.gone.is_cancelled());
}

#[test]
fn the_first_end_stays() {
    let (book, now) = (TaskBook::default(), Instant::now());
    let id = begin(&book, SCOUT, now).unwrap();
    assert_eq!(book.cancel(&id, SCOUT, now), Ok(()));
    assert!(end(&book, &id, 1));
    book.tell(&id, "late");
    assert_eq!(status(&book, &id, now), Some(TaskStatus::Cancelled));
    assert_eq!(book.cancel(&id, SCOUT, now), Ok(()), "again");
    assert_eq!(book.get(&id, SCOUT, now).unwrap().task.status_message, None);
}

#[test]
fn each_question_has_a_key_of_its_own_and_is_answered_once() {
    let (book, now) = (TaskBook::default(), Instant::now());
    let id = begin(&book, SCOUT, now).unwrap();
    let ask = || book.ask(&id, question::request("Name?").unwrap()).unwrap();
    let mut first = ask();
    assert_eq!(status(&book, &id, now), Some(TaskStatus::InputRequired));
    assert_eq!(book.asked(&id, SCOUT, now), Ok(Some("answer-1".to_owned())));
    book.answer(&id, "answer-2", Ok("early".to_owned()));
    book.answer(&id, "answer-1", Ok("Ada".to_owned()));
    book.answer(&id, "answer-1", Ok("again".to_owned()));
    assert_eq!(first.try_recv().unwrap().unwrap(), "Ada");
    assert_eq!(status(&book, &id, now), Some(TaskStatus::Working));
    let _second = ask();
    assert_eq!(book.asked(&id, SCOUT, now), Ok(Some("answer-2".to_owned())));
}

#[test]
fn tasks_are_bounded_in_number_and_in_bytes_for_each_identity() {
    let (book, now) = (TaskBook::default(), Instant::now());
    let ids: Vec<_> = (0..MOST_OWN).map(|_| begin(&book, SCOUT, now).unwrap()).collect();
    assert_eq!(begin(&book, SCOUT, now), None);
    let other = begin(&book, Some("probe"), now).unwrap();
    let (half, most) = (MOST_OWN_BYTES / 2, MOST_OWN_BYTES);
    assert!(end(&book, &ids[0], half) && !end(&book, &ids[1], half) && end(&book, &other, half));
    assert_eq!(status(&book, &ids[1], now), Some(TaskStatus::Working));
    assert!(end(&book, &ids[2], 1), "what is small has room");
    assert!(book.ask(&ids[1], question::request(&"x".repeat(most)).unwrap()).is_none());
    // What was fetched makes room.
    assert_eq!(status(&book, &ids[0], now), Some(TaskStatus::Completed));
    assert!(end(&book, &ids[1], half));
    assert_eq!(status(&book, &ids[0], now), None);
    assert_eq!(status(&book, &ids[1], now), Some(TaskStatus::Completed));
    // The place is free again.
    assert!(begin(&book, SCOUT, now + FETCHED).is_some());
}

#[test]
fn tasks_of_all_identities_are_bounded() {
    let (book, now) = (TaskBook::default(), Instant::now());
    let names: Vec<_> = (0..=MOST / MOST_OWN).map(|number| number.to_string()).collect();
    let begun = |name: &String| (0..MOST_OWN).filter_map(|_| begin(&book, Some(name), now)).count();
    assert_eq!(names.iter().map(begun).sum::<usize>(), MOST);
    book.clear();
    assert!(begin(&book, SCOUT, now).is_some());
}

#[test]
fn a_host_asks_less_often_the_longer_a_task_takes() {
    let ages = [0, 5, 30, 3600].map(Duration::from_secs);
    assert_eq!(ages.map(|age| poll(age).as_secs()), [1, 1, 3, 10]);
}
