//! Results without a status: an unknown id; and what is removed from a result.

use super::*;
use Status::Completed;

#[test]
fn an_unknown_id_may_take_its_time_and_is_looked_up_to_the_end() {
    let mut harness = Harness::new(plan_with(Mode::Poll, 1, |profile| {
        profile.appear_timeout = Some(seconds(12));
    }));
    let mut lookups = Vec::new();
    while harness.exit().is_none() {
        if harness.take_lookups().contains(&0) {
            lookups.push(harness.now);
            harness.read(0, not_found());
        }
        harness.wait_until(1000);
    }
    assert_eq!(harness.exit(), Some(Code::NotFound));
    assert_eq!(lookups.last(), Some(&seconds(12)));
    assert_eq!(harness.warnings(), [WarningCode::NotSeenYet]);
}

#[test]
fn an_id_that_was_seen_is_not_unlearnt() {
    let mut harness = Harness::watching(plan(Mode::Watch, 1));
    harness.now = seconds(100);
    harness.wait_until(200);
    for _ in 0..3 {
        harness.read(0, not_found());
        harness.wait_until(1000);
    }
    assert_eq!(harness.exit(), None);
    assert_eq!(harness.warnings(), [WarningCode::NotFound]);
}

#[test]
fn an_id_that_a_push_names_as_known_is_not_unknown() {
    let mut harness = Harness::new(plan(Mode::Watch, 1));
    harness.connect(0);
    harness.subscribe();
    harness.read(0, not_found());
    harness.take();
    harness.signal(FeedSignal::Exists(Id::new("0")));
    harness.wait_until(100);
    harness.read(0, not_found());
    assert_eq!(harness.exit(), None);
    assert_eq!(harness.warnings(), [WarningCode::NotSeenYet, WarningCode::NotFound]);
}

#[test]
fn personal_data_is_removed_unless_it_is_requested() {
    for show_personal in [false, true] {
        let mut harness = Harness::new(Plan { show_personal, ..plan(Mode::Poll, 1) });
        let mut seen = report(Completed, None);
        seen.data = Some(serde_json::json!({ "partner_user_id": "u", "status": "completed" }));
        harness.found(0, seen);
        let shown = harness.events.iter().find_map(|event| match event {
            Event::Status(change) => change.data.clone(),
            _ => None,
        });
        assert_eq!(shown.unwrap().get("partner_user_id").is_some(), show_personal);
    }
}
