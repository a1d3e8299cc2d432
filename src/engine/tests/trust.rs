//! What is not the transaction's ending: silence, refusals, nonsense.

use super::*;
use crate::engine::plan::Profile;
use Status::{Completed, Pending};

fn busy(answer: &str) -> Reading {
    Reading::Busy(answer.to_owned())
}

fn with_profile(mode: Mode, change: impl FnOnce(&mut Profile)) -> Plan {
    let mut plan = plan(mode, 1);
    change(&mut plan.profiles[0]);
    plan
}

#[test]
fn retry_after_is_honoured() {
    let mut world = World::new(plan(Mode::Poll, 1));
    world.take();
    world.answer(0, Ok((busy("429"), Some(seconds(40)))));
    world.wait_until(39);
    assert_eq!(world.take(), [""; 0]);
    world.wait_until(41);
    assert_eq!((world.now, world.take()), (seconds(40), vec!["pull 0".to_owned()]));
}

#[test]
fn no_wait_outlasts_the_time_limit() {
    let timeout = Some(seconds(20));
    let mut world = World::new(Plan { timeout, ..plan(Mode::Poll, 1) });
    world.answer(0, Ok((busy("429"), Some(seconds(10_000)))));
    world.wait_until(100);
    assert_eq!((world.now, world.exit()), (seconds(20), Some(Code::Timeout)));
}

#[test]
fn a_closed_gate_holds_every_target_of_the_profile() {
    let mut world = World::new(plan(Mode::Poll, 3));
    assert_eq!(world.take(), ["pull 0", "pull 1", "pull 2"]);
    world.answer(0, Ok((busy("503"), Some(seconds(20)))));
    world.pulled(1, Ok(report(Pending, None)));
    world.wait_until(19);
    assert_eq!(world.take(), [""; 0]);
    world.wait_until(21);
    assert!(world.take().contains(&"pull 0".to_owned()));
}

#[test]
fn not_more_than_eight_requests_are_on_the_wire() {
    let mut world = World::new(plan(Mode::Poll, 20));
    assert_eq!(world.take().len(), 8);
    world.pulled(3, Ok(report(Pending, None)));
    assert_eq!(world.take(), ["pull 8"]);
}

#[test]
fn silence_is_an_outage_only_while_something_is_wrong() {
    let mut world = World::watching(with_profile(Mode::WatchPushOnly, |profile| {
        profile.max_outage = Some(seconds(30));
    }));
    world.wait_until(200);
    assert_eq!(world.exit(), None);
    world.lose(unreachable(), 1000);
    world.wait_until(1000);
    assert_eq!((world.now, world.exit()), (seconds(230), Some(Code::Unreachable)));
}

#[test]
fn an_outage_ends_at_its_limit_and_says_what_was_wrong() {
    let mut world = World::watching(with_profile(Mode::Watch, |profile| {
        profile.max_outage = Some(seconds(30));
    }));
    world.now = seconds(10);
    world.feed(FeedInput::Alive);
    world.lose(unreachable(), 1000);
    while world.exit().is_none() {
        world.wait_until(1000);
        if world.take().contains(&"pull 0".to_owned()) {
            world.answer(0, Err(unreachable()));
        }
    }
    assert_eq!((world.now, world.exit()), (seconds(40), Some(Code::Unreachable)));
    let closing = world.watch.closing();
    assert!(closing.failures[0].to_string().contains("30s"), "{}", closing.failures[0]);
    assert!(closing.failures[0].to_string().contains("1006"), "{}", closing.failures[0]);
    assert_eq!(closing.undecided[0].last.map(|(status, ..)| status), Some(Pending));
}

#[test]
fn a_sign_of_life_averts_the_outage() {
    let mut world = World::watching(with_profile(Mode::Watch, |profile| {
        profile.max_outage = Some(seconds(30));
    }));
    world.lose(unreachable(), 1);
    world.take();
    world.now = seconds(20);
    world.answer(0, Err(unreachable()));
    world.now = seconds(25);
    world.feed(FeedInput::Live);
    world.wait_until(50);
    assert_eq!(world.exit(), None);
}

#[test]
fn a_look_gives_up_with_the_first_failure() {
    let mut world = World::new(with_profile(Mode::Get { exit_status: false }, |profile| {
        profile.max_outage = Some(Duration::ZERO);
    }));
    world.answer(0, Err(unreachable()));
    assert_eq!(world.exit(), Some(Code::Unreachable));
}

#[test]
fn an_unknown_id_may_take_its_time_and_is_looked_for_to_the_end() {
    let mut world = World::new(with_profile(Mode::Poll, |profile| {
        profile.appear_timeout = Some(seconds(12));
    }));
    let mut looks = Vec::new();
    while world.exit().is_none() {
        if world.take().contains(&"pull 0".to_owned()) {
            looks.push(world.now);
            world.pulled(0, Err(Reading::NotFound("404".to_owned())));
        }
        world.wait_until(1000);
    }
    assert_eq!(world.exit(), Some(Code::NotFound));
    assert_eq!(looks.last(), Some(&seconds(12)));
    assert_eq!(world.warnings(), ["not_seen_yet"]);
}

#[test]
fn an_id_that_was_seen_is_not_unlearnt() {
    let mut world = World::watching(plan(Mode::Watch, 1));
    world.now = seconds(100);
    world.wait_until(200);
    for _ in 0..3 {
        world.pulled(0, Err(Reading::NotFound("404".to_owned())));
        world.wait_until(1000);
    }
    assert_eq!(world.exit(), None);
    assert_eq!(world.warnings(), ["not_found"]);
}

#[test]
fn a_refused_token_that_cannot_change_ends_the_watch() {
    let mut world = World::new(plan(Mode::Poll, 2));
    world.pulled(0, Err(Reading::Denied("401".to_owned())));
    assert_eq!(world.exit(), Some(Code::Denied));
    assert_eq!(world.results().len(), 2);
}

fn from_a_command() -> Plan {
    with_profile(Mode::Poll, |profile| {
        profile.credential = Credential::command(vec!["print-token".into()], "a test".to_owned());
    })
}

#[test]
fn a_token_command_is_run_before_anything_is_sent() {
    let mut world = World::new(from_a_command());
    assert_eq!(world.take(), ["renew"]);
    world.input(Input::Renewed(0, Ok(None)));
    assert_eq!(world.take(), ["pull 0"]);
}

#[test]
fn a_refused_token_is_read_again_once() {
    let mut world = World::new(from_a_command());
    world.input(Input::Renewed(0, Ok(None)));
    world.take();
    world.pulled(0, Err(Reading::Denied("401".to_owned())));
    assert_eq!(world.take(), ["renew"]);
    world.input(Input::Renewed(0, Ok(None)));
    world.wait_until(5);
    assert_eq!(world.take(), ["pull 0"]);
    world.pulled(0, Err(Reading::Denied("401".to_owned())));
    assert_eq!(world.exit(), Some(Code::Denied));
}

#[test]
fn after_an_accepted_answer_a_token_may_be_read_again() {
    let mut world = World::new(from_a_command());
    world.input(Input::Renewed(0, Ok(None)));
    for _ in 0..3 {
        world.take();
        world.pulled(0, Err(Reading::Denied("401".to_owned())));
        assert_eq!(world.take(), ["renew"]);
        world.input(Input::Renewed(0, Ok(None)));
        while !world.take().contains(&"pull 0".to_owned()) {
            world.wait_until(1000);
        }
        world.pulled(0, Ok(report(Pending, None)));
        while !world.done.contains(&"pull 0".to_owned()) {
            world.wait_until(1000);
        }
    }
    assert_eq!(world.exit(), None);
}

#[test]
fn two_sides_that_disagree_about_a_token_do_not_have_it_read_without_end() {
    let mut plan = from_a_command();
    plan.mode = Mode::Watch;
    let mut world = World::new(plan);
    world.input(Input::Renewed(0, Ok(None)));
    let refuse = |world: &mut World| {
        let generation = world.watch.profiles[0].generation;
        let error = Error::refused("the upgrade was refused: 401".to_owned());
        let retry_in = seconds(1);
        world.feed(FeedInput::Lost { error, attempt: 1, retry_in, generation });
    };
    world.take();
    refuse(&mut world);
    assert!(world.take().contains(&"renew".to_owned()));
    world.input(Input::Renewed(0, Ok(None)));
    world.pulled(0, Ok(report(Pending, None)));
    refuse(&mut world);
    assert_eq!(world.exit(), Some(Code::Denied));
}

#[test]
fn a_token_that_was_accepted_is_refused_for_one_target_alone() {
    let mut world = World::new(plan(Mode::Poll, 2));
    world.pulled(0, Ok(report(Pending, None)));
    world.pulled(1, Err(Reading::Denied("403".to_owned())));
    assert_eq!(world.results(), [("fake:1".to_owned(), Code::Denied)]);
    assert_eq!(world.exit(), None);
}

#[test]
fn a_question_that_is_never_answered_is_an_outage() {
    for mode in [Mode::Poll, Mode::WatchPushOnly] {
        let mut world = World::new(with_profile(mode, |profile| {
            profile.max_outage = Some(seconds(3));
        }));
        if mode == Mode::WatchPushOnly {
            world.feed(FeedInput::Connecting(0));
        }
        world.wait_until(100);
        assert_eq!((world.now, world.exit()), (seconds(3), Some(Code::Unreachable)), "{mode:?}");
    }
}

#[test]
fn endless_nonsense_is_not_quoted_without_end() {
    let mut world = World::watching(plan(Mode::Watch, 1));
    for index in 0..1000 {
        world.feed(FeedInput::Warning("bad_frame", format!("it is nonsense no. {index}")));
    }
    assert_eq!(world.warnings().len(), 20);
    world.push(0, Status::Completed, None);
    assert_eq!(world.warnings().last(), Some(&"bad_frames"));
}

#[test]
fn the_same_nonsense_is_quoted_once_and_counted() {
    let mut world = World::watching(plan(Mode::Watch, 1));
    for _ in 0..5 {
        world.feed(FeedInput::Warning("bad_frame", "it is not JSON".to_owned()));
    }
    assert_eq!(world.warnings(), ["bad_frame"]);
    world.push(0, Status::Completed, None);
    let told = world.events.iter().rev().find_map(|event| match event {
        Event::Warning { message, .. } => Some(message.clone()),
        _ => None,
    });
    assert_eq!(told.unwrap(), "5 messages of fake were ignored in all");
}

/// Somebody else may have had a newer token issued.
#[test]
fn a_wrong_signature_has_a_token_issued_once_until_one_is_right() {
    let mut plan = from_a_command();
    plan.mode = Mode::Watch;
    plan.targets.clear();
    plan.account = true;
    let mut world = World::new(plan);
    world.input(Input::Renewed(0, Ok(None)));
    world.feed(FeedInput::Live);
    world.take();
    let wrong = || FeedInput::Warning(crate::provider::BAD_SIGNATURE, "wrong".to_owned());
    world.feed(wrong());
    assert_eq!(world.take(), ["renew"]);
    world.feed(wrong());
    world.input(Input::Renewed(0, Ok(None)));
    world.feed(wrong());
    assert_eq!(world.take(), [""; 0]);
    world.push(1, Pending, None);
    world.feed(wrong());
    assert_eq!(world.take(), ["renew"]);
}

#[test]
fn a_refusal_of_an_older_token_counts_for_nothing() {
    let mut world = World::new(from_a_command());
    world.input(Input::Renewed(0, Ok(None)));
    assert_eq!(world.take(), ["renew", "pull 0"]);
    let answer = Ok((Reading::Denied("401".to_owned()), None));
    world.input(Input::Pulled(0, Pulled { asked: seconds(0), generation: 0, answer }));
    assert_eq!(world.exit(), None);
    assert!(!world.take().contains(&"renew".to_owned()));
}

#[test]
fn a_token_that_cannot_be_read_ends_the_watch() {
    let mut world = World::new(from_a_command());
    world.input(Input::Renewed(
        0,
        Err(Unrenewed::Failed(crate::error::config("the command failed"))),
    ));
    assert_eq!(world.exit(), Some(Code::Config));
}

#[test]
fn nonsense_from_the_first_means_a_wrong_address() {
    let mut world = World::new(plan(Mode::Poll, 1));
    world.pulled(0, Err(Reading::Bad("it is HTML".to_owned())));
    assert_eq!(world.exit(), Some(Code::Protocol));
}

#[test]
fn nonsense_is_borne_twice_where_sense_was_made_before() {
    let mut world = World::new(plan(Mode::Poll, 1));
    world.take();
    world.pulled(0, Ok(report(Pending, None)));
    for _ in 0..2 {
        world.wait_until(100);
        world.pulled(0, Err(Reading::Bad("it is HTML".to_owned())));
        assert_eq!(world.exit(), None);
    }
    world.wait_until(200);
    world.pulled(0, Err(Reading::Bad("it is HTML".to_owned())));
    assert_eq!(world.exit(), Some(Code::Protocol));
}

#[test]
fn a_transport_that_cannot_be_trusted_ends_at_once() {
    let mut world = World::watching(plan(Mode::Watch, 1));
    world.subscribe();
    world.answer(0, Err(Error::untrusted("its certificate is for another name".to_owned())));
    assert_eq!(world.exit(), Some(Code::Protocol));
}

#[test]
fn where_push_is_not_to_be_had_polling_carries_unless_push_was_demanded() {
    let unsupported = || Error::unsupported("404".to_owned());
    let mut world = World::new(plan(Mode::Watch, 1));
    world.lose(unsupported(), 1);
    world.lose(unsupported(), 1);
    assert_eq!(world.warnings(), ["push_unavailable"]);
    world.pulled(0, Ok(report(Completed, None)));
    assert_eq!(world.exit(), Some(Code::Ok));

    let mut world = World::new(plan(Mode::WatchPushOnly, 1));
    world.lose(unsupported(), 1);
    assert_eq!(world.exit(), Some(Code::Denied));
}

#[test]
fn personal_data_is_taken_out_unless_asked_for() {
    for show_personal in [false, true] {
        let mut world = World::new(Plan { show_personal, ..plan(Mode::Poll, 1) });
        let mut seen = report(Completed, None);
        seen.data = Some(serde_json::json!({ "partner_user_id": "u", "status": "completed" }));
        world.pulled(0, Ok(seen));
        let shown = world.events.iter().find_map(|event| match event {
            Event::Status(change) => change.data.clone(),
            _ => None,
        });
        assert_eq!(shown.unwrap().get("partner_user_id").is_some(), show_personal);
    }
}
