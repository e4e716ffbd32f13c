//! The table: which test shows what happens to an operation when a fault meets it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

/// What stands in a cell.
enum Cell {
    /// A test of this name shows it.
    Test(&'static str),
    /// It can't happen, and why.
    Never(&'static str),
}

use Cell::{Never, Test};

const FAULTS: [&str; 8] = [
    "broker dies or restarts",
    "broker or network stalls",
    "broker lies or is limited",
    "task store fails",
    "nobody polls or reads",
    "flood",
    "process dies",
    "peer is hostile or odd",
];

const NO_STORE: Cell = Never("it needs no task store");

/// One row for each operation, one cell for each fault.
const TABLE: [(&str, [Cell; 8]); 17] = [
    (
        "call",
        [
            Test("a_call_that_is_under_way_when_its_connection_ends_is_answered_after_it"),
            Test("a_call_to_a_server_that_is_never_delivered_to_ends_by_its_timeout"),
            Test("sub_10a_a_call_on_a_broker_of_qos_0_fails_at_once_and_names_it"),
            NO_STORE,
            Test("answers_that_nobody_polls_hold_up_no_calls_and_are_kept"),
            Test("one_callers_flood_of_slow_calls_leaves_the_others_served"),
            Test("mcp_15_a_call_that_expired_before_it_was_delivered_does_not_run"),
            Test("mcp_6_an_answer_that_is_none_ends_the_call_with_an_error"),
        ],
    ),
    (
        "stream",
        [
            Test("a_caller_that_never_pauses_and_a_server_survive_restarts"),
            Test("mcp_10_a_tool_waits_while_32_partial_results_are_not_with_the_broker"),
            Test("mcp_10_a_stream_that_is_read_slowly_has_its_result_on_a_stock_mosquitto"),
            NO_STORE,
            Test("mcp_10_an_unread_stream_holds_up_no_calls_and_its_result_and_missed_partials_are_told"),
            Test("mcp_10_an_agent_that_sends_many_partial_results_answers_other_calls_meanwhile"),
            Test("a_stream_whose_agent_dies_ends_by_its_deadline_and_keeps_what_came"),
            Test("mcp_10_any_seq_a_missing_done_and_late_messages_are_tolerated"),
        ],
    ),
    (
        "cancel",
        [
            Test("mcp_17_a_call_that_is_dropped_while_the_broker_is_down_ends_its_handler_by_its_deadline"),
            Test("mcp_17_a_cancel_behind_a_stalled_network_reaches_its_handler_when_it_flows_again"),
            Test("mcp_17_a_cancel_right_behind_its_call_is_not_lost"),
            NO_STORE,
            Test("mcp_17_dropping_a_call_or_its_stream_cancels_it"),
            Test("mcp_17_five_thousand_calls_dropped_at_once_cancel_all_their_handlers"),
            Test("mcp_17_a_call_dropped_with_its_client_is_cancelled"),
            Test("mcp_17_one_message_cancels_several_calls_of_its_own_reply_topic"),
        ],
    ),
    (
        "watch agents",
        [
            Test("an_agent_that_the_broker_forgot_has_left_unless_it_comes_back"),
            Test("a_watch_over_a_stalled_network_tells_what_changed_when_it_flows_again"),
            Test("sub_10a_without_wildcards_lists_fail_at_once_and_calls_go_on_on_the_same_connection"),
            NO_STORE,
            Test("an_unread_watch_of_agents_holds_up_no_calls_and_tells_the_latest_state"),
            Test("a_watch_that_is_read_in_a_flood_of_changes_ends_with_the_latest_state"),
            Test("a_killed_agent_leaves_after_its_will_delay_and_not_before"),
            Test("sub_11_a_changed_card_is_told_and_garbage_is_passed_over"),
        ],
    ),
    (
        "delegate",
        [
            Test("a_delegation_that_is_dropped_before_the_broker_has_it_is_withdrawn"),
            Test("a_task_that_is_given_over_a_stalled_network_runs_once_when_it_flows_again"),
            Test("a2a_14_two_thousand_tasks_for_a_worker_that_is_away_all_end_on_a_stock_broker"),
            Test("a_delegator_whose_store_fails_does_not_send_the_task"),
            Test("a_result_that_nobody_waited_for_is_kept_until_it_is_taken"),
            Test("a_thousand_tasks_at_once_of_a_durable_delegator_all_end"),
            Test("a_task_that_was_dropped_before_it_was_sent_is_not_sent_by_a_later_process"),
            Test("a2a_11_a_result_of_somebody_else_ends_no_task"),
        ],
    ),
    (
        "receive a result",
        [
            Test("a_result_that_came_while_the_delegator_was_away_is_there_when_it_is_back"),
            Test("a_result_over_a_stalled_network_is_told_when_it_flows_again"),
            Test("a2a_14_two_thousand_tasks_for_a_worker_that_is_away_all_end_on_a_stock_broker"),
            Test("a_result_that_the_delegator_cannot_store_is_told_when_it_is_stored"),
            Test("a_result_that_nobody_waited_for_is_kept_until_it_is_taken"),
            Test("a_thousand_tasks_at_once_of_a_durable_delegator_all_end"),
            Test("a_result_that_was_not_stored_before_a_crash_comes_again_to_the_next_process"),
            Test("a2a_8_a_requester_takes_its_answer_from_its_own_results_too_and_once"),
        ],
    ),
    (
        "take a task",
        [
            Test("a_hundred_tasks_for_an_agent_that_is_down_are_done_when_it_is_back"),
            Test("tasks_that_wait_while_an_agent_starts_slowly_are_all_taken"),
            Test("a2a_14_a_task_is_acknowledged_when_its_record_is_stored_and_its_repetition_not_before"),
            Test("a_task_that_cannot_be_stored_is_rejected_and_does_not_run"),
            Test("limits_hold_tasks_back_and_refuse_what_is_too_many"),
            Test("a_flood_at_qos_0_of_an_inbox_leaves_no_task_at_qos_1_without_an_answer"),
            Test("two_hundred_tasks_end_once_each_though_the_agent_is_killed_five_times_and_the_broker_once"),
            Test("a_second_task_of_the_same_id_is_rejected_and_the_first_ones_result_stays_its_own"),
        ],
    ),
    (
        "run a task",
        [
            Test("two_hundred_tasks_end_once_each_though_the_agent_is_killed_five_times_and_the_broker_once"),
            Never("a handler that runs needs no broker"),
            Never("a handler that runs needs no broker"),
            Test("an_attempt_that_cannot_be_stored_does_not_begin_and_begins_later"),
            Test("a_task_that_has_not_ended_by_its_deadline_fails"),
            Test("limits_refuse_what_is_too_much_in_bytes"),
            Test("a_task_that_must_not_run_twice_fails_when_its_agent_is_killed"),
            Test("a2a_14_a_task_is_run_once_however_often_it_comes"),
        ],
    ),
    (
        "end a task",
        [
            Test("a_result_that_came_while_the_delegator_was_away_is_there_when_it_is_back"),
            Test(
                "an_end_that_its_agents_network_stalls_is_sent_when_it_flows_again_or_by_the_next_connection",
            ),
            Test("sub_14_a_task_and_a_result_over_the_receivers_limit_fail_at_their_sender"),
            Test("an_end_that_cannot_be_stored_is_sent_only_when_it_is"),
            Test("a_result_that_nobody_received_is_sent_again_when_its_owner_is_back"),
            Test("a_flood_at_an_owners_results_loses_no_end"),
            Test("a2a_14_the_next_process_has_the_results_of_the_one_before"),
            Test("a2a_14_a_result_that_was_denied_is_sent_when_it_is_asked_for_where_it_may_go"),
        ],
    ),
    (
        "ask and answer",
        [
            Test("an_answer_reaches_its_question_though_the_broker_was_restarted_in_between"),
            Test("an_answer_over_a_stalled_network_reaches_its_question_when_it_flows_again"),
            Test("sub_14_a_question_over_its_askers_limit_is_an_error_for_its_handler"),
            Test("an_answer_that_cannot_be_stored_reaches_its_question_and_is_stored_later"),
            Test("a_question_that_is_not_waited_for_any_more_is_taken_back"),
            Test("fifty_questions_at_once_are_each_given_their_own_answer"),
            Test("an_answer_that_was_given_is_not_asked_for_again"),
            Test("a2a_12_an_answer_that_is_delivered_again_answers_nothing_else"),
        ],
    ),
    (
        "update",
        [
            Test("updates_go_on_after_the_broker_was_restarted"),
            Test("updates_over_a_stalled_network_come_in_their_order_when_it_flows_again"),
            Test("sub_14_a_task_and_a_result_over_the_receivers_limit_fail_at_their_sender"),
            Never("an update is not stored"),
            Test("updates_that_nobody_reads_hold_up_no_result"),
            Test("updates_that_nobody_reads_hold_up_no_result"),
            Test("a2a_13_updates_of_a_process_that_dies_at_once_have_numbers_of_their_own"),
            Test("no_update_is_lost_though_the_agents_clock_steps_back"),
        ],
    ),
    (
        "recover",
        [
            Test("two_hundred_tasks_end_once_each_though_the_agent_is_killed_five_times_and_the_broker_once"),
            Test(
                "an_end_that_its_agents_network_stalls_is_sent_when_it_flows_again_or_by_the_next_connection",
            ),
            Never("what is recovered is in the store, and not at the broker"),
            Test("a_store_that_stalls_at_the_start_is_waited_for"),
            Test("results_that_nobody_fetched_keep_no_task_out"),
            Test("all_that_was_left_runs_once"),
            Test("a_process_whose_clock_is_behind_goes_on_with_the_tasks_of_the_one_before"),
            Test("a_record_that_cannot_be_read_is_set_aside_and_reported_and_the_others_are_given"),
        ],
    ),
    (
        "publish an event",
        [
            Test("an_event_that_is_published_while_the_broker_is_down_is_sent_when_it_is_back"),
            Test("events_over_a_stalled_network_come_once_and_in_their_order_when_it_flows_again"),
            Test("sub_14_an_event_over_the_brokers_limit_fails_and_one_at_it_is_sent"),
            NO_STORE,
            Never("an event that nobody polls is not published"),
            Test("a_thousand_events_at_once_all_come"),
            Never("an event lives as long as its process"),
            Test("a_denied_publish_is_its_callers_error_and_disturbs_nothing_else"),
        ],
    ),
    (
        "topic handlers",
        [
            Test("handlers_are_there_again_after_a_restart_of_the_broker"),
            Test("a_topic_handlers_messages_over_a_stalled_network_are_handled_once_when_it_flows_again"),
            Test("overlapping_subscriptions_give_one_copy_each_or_one_with_all_identifiers"),
            NO_STORE,
            Test("an_agent_whose_handler_takes_no_more_ends_its_calls_in_time_and_stops"),
            Test("a_flood_at_qos_0_of_a_topic_drops_no_message_at_qos_1"),
            Test("a_request_is_answered_by_the_next_process_after_its_agent_died"),
            Test("a_request_without_a_usable_response_topic_is_dropped_and_the_next_answered"),
        ],
    ),
    (
        "start",
        [
            Test("an_agent_waits_for_a_broker_that_starts_later"),
            Test("a_start_on_a_frozen_broker_ends_by_the_connect_timeout"),
            Test("a_start_with_subacks_of_other_ids_ends_by_the_connect_timeout"),
            Test("a_store_that_cannot_be_read_at_the_start_is_the_starts_error"),
            Never("nobody has anything to poll yet"),
            Test("tasks_that_wait_while_an_agent_starts_slowly_are_all_taken"),
            Test("a_signal_ends_a_process_that_waits_for_its_broker_to_answer"),
            Test("sub_11_retained_garbage_is_survived"),
        ],
    ),
    (
        "stop",
        [
            Test("an_idle_agent_stops_within_two_seconds_without_a_broker"),
            Test("an_idle_agent_stops_within_two_seconds_on_a_frozen_broker"),
            Test("a2a_15_a_clean_stop_waits_for_the_acknowledgements_of_a_slow_broker"),
            Test("an_agent_that_stops_while_its_store_fails_goes_on_with_the_task_at_its_next_start"),
            Test("an_agent_that_stopped_reading_its_socket_stops_in_time"),
            Test(
                "a2a_15_a_task_that_comes_while_an_agent_stops_holds_nobody_up_and_waits_for_the_next_start",
            ),
            Test("a2a_15_what_a_stop_cuts_off_is_handed_to_the_next_start"),
            Test("an_agent_stops_in_time_while_a_peer_sends_it_garbage"),
        ],
    ),
    (
        "reconnect",
        [
            Test("sub_10_everything_works_after_a_persistent_broker_was_killed"),
            Test("a_broker_that_answers_no_ping_is_given_up_within_one_and_a_half_keep_alives"),
            Test(
                "sub_10_everything_is_made_again_where_the_session_is_kept_without_its_shared_subscriptions",
            ),
            Never("the connection uses no task store"),
            Test("an_agent_whose_handler_takes_no_more_ends_its_calls_in_time_and_stops"),
            Test("a_client_that_is_sent_garbage_at_each_connection_slows_down"),
            Test("what_the_broker_may_have_lost_is_sent_again_and_nothing_else"),
            Test("a_message_of_a_lost_session_is_not_acknowledged_in_the_next_one"),
        ],
    ),
];

/// Enters the names of tests that run without being asked for. In these macros each function is one.
fn enter(tokens: TokenStream, is_among_tests: bool, names: &mut BTreeSet<String>) {
    let mut tokens = tokens.into_iter().peekable();
    let (mut is_test, mut is_ignored, mut has_tests) = (is_among_tests, false, false);
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == '#' => {
                let Some(TokenTree::Group(attribute)) =
                    tokens.next_if(|next| matches!(next, TokenTree::Group(_)))
                else {
                    continue;
                };
                let of = |word: &str| attribute.stream().into_iter().any(|part| part.to_string() == word);
                is_test |= of("test");
                is_ignored |= of("ignore");
            }
            TokenTree::Ident(word) if word == "fn" => {
                let name = tokens.next().map(|name| name.to_string());
                names.extend(name.filter(|_| is_test && !is_ignored));
                (is_test, is_ignored) = (is_among_tests, false);
            }
            TokenTree::Ident(word) => has_tests = word == "on_each_broker" || word == "proptest",
            TokenTree::Group(group) => enter(group.stream(), std::mem::take(&mut has_tests), names),
            _ => {}
        }
    }
}

/// The names of all tests that stand in the sources.
fn tests() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = vec![folder.to_owned(), folder.join("../mqtt-agent/src")];
    let mut names = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            let skipped = ["node_modules", "venv", "target"].map(Path::new);
            if kind.is_dir() && !skipped.iter().any(|name| path.ends_with(name)) {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(path).unwrap();
                enter(text.parse().unwrap(), false, &mut names);
            }
        }
    }
    names
}

#[test]
fn every_cell_names_a_test_that_is_there_or_says_why_there_is_none() {
    let tests = tests();
    let (mut shown, mut table) = (BTreeSet::new(), String::new());
    for (operation, cells) in &TABLE {
        writeln!(table, "{operation}").unwrap();
        for (fault, cell) in FAULTS.iter().zip(cells) {
            let text = match cell {
                Test(name) => {
                    assert!(
                        tests.contains(*name),
                        "no test that runs by itself is called `{name}`, of `{operation}` and `{fault}`"
                    );
                    shown.insert(*name);
                    name
                }
                Never(why) => why,
            };
            writeln!(table, "    {fault:26} {text}").unwrap();
        }
    }
    println!("{table}{} tests", shown.len());
    assert!(shown.len() >= 60, "{} tests", shown.len());
}
