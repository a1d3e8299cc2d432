//! Responses that say nothing or cannot be trusted, before and after the provider was understood.

use super::*;
use Status::{Completed, Pending, Processing};

/// `--max-outage` in seconds.
const LIMIT: u64 = 300;

type Answer = fn() -> Result<Reading, Error>;

fn redirect() -> Error {
    Error::unusable("https://fake.example redirects (302) to https://login.invalid".to_owned())
}

fn bad_certificate() -> Error {
    Error::untrusted("its certificate is for another name".to_owned())
}

/// What a gateway, a proxy or a captive portal may answer in the place of the provider.
fn weather() -> Vec<Result<Reading, Error>> {
    let page = Reading::Denied {
        answer: "403 without a JSON body".to_owned(),
        reason: DenialReason::Gateway,
    };
    vec![Ok(html()), Ok(page), Err(redirect()), Ok(busy("503", None)), Err(unreachable())]
}

/// Answers each lookup of the first target with this, until the command ends or this second.
fn answer_all(
    harness: &mut Harness,
    second: u64,
    mut answer: impl FnMut() -> Result<Reading, Error>,
) -> usize {
    let mut answered = 0;
    while harness.exit().is_none() && harness.now < seconds(second) {
        if harness.take_lookups().contains(&0) {
            answered += 1;
            harness.answer(0, answer());
        } else {
            harness.wait_until(second);
        }
    }
    answered
}

/// The last lines, which say of the target that it is not final.
fn is_named_at_the_end(harness: &Harness) -> bool {
    let closing = harness.closing();
    closing.undecided.iter().any(|open| &*open.target == "fake:0" && open.last.is_some())
}

#[test]
fn the_first_response_is_repeated_before_it_means_a_wrong_address() {
    for answer in [|| Ok(html()), || Ok(malformed()), || Err(redirect())] {
        let mut harness = Harness::new(plan(Mode::Poll, 1));
        assert_eq!(answer_all(&mut harness, 1000, answer), 3);
        assert_eq!(harness.exit(), Some(Code::Protocol));
        assert!(!is_named_at_the_end(&harness));
    }
}

/// With a wrong address all targets of the profile fail, after three attempts and not three for each of them.
#[test]
fn a_wrong_address_is_one_for_all_targets() {
    let mut harness = Harness::new(plan(Mode::Poll, 100));
    harness.probed = Some(Ok(html()));
    let mut requests = 0;
    while harness.exit().is_none() {
        for target in harness.take_lookups() {
            requests += 1;
            harness.read(target, html());
        }
        harness.wait_until(1000);
    }
    assert_eq!(harness.exit(), Some(Code::Protocol));
    assert!(requests <= 3 * 8, "{requests}");
}

#[test]
fn one_bad_answer_at_the_start_does_not_matter() {
    for answer in weather().into_iter().chain([Ok(malformed())]) {
        let refuses = matches!(answer, Ok(Reading::Denied { .. }));
        let mut harness = Harness::new(plan(Mode::Poll, 1));
        harness.take();
        harness.answer(0, answer);
        harness.wait_until(100);
        harness.found(0, report(Completed, None));
        // No token was accepted before this refusal.
        assert_eq!(harness.exit(), Some(if refuses { Code::Denied } else { Code::Ok }));
    }
}

#[test]
fn while_push_speaks_no_address_is_wrong() {
    for answer in [|| Ok(html()), || Ok(malformed()), || Err(redirect())] {
        let mut harness = Harness::new(plan(Mode::Watch, 1));
        harness.signal(FeedSignal::Live);
        harness.subscribe();
        for second in (30..900).step_by(30) {
            answer_all(&mut harness, second, answer);
            harness.link_event(LinkEvent::Alive);
        }
        assert_eq!(harness.exit(), None);
        harness.push(0, Completed, None);
        assert_eq!(harness.exit(), Some(Code::Ok));
    }
}

#[test]
fn once_it_was_understood_it_is_ridden_out() {
    let mut harness = Harness::new(plan(Mode::Poll, 1));
    harness.take();
    harness.found(0, report(Pending, None));
    for answer in weather() {
        harness.wait_until(1000);
        let mut answer = Some(answer);
        harness.take();
        harness.answer(0, answer.take().unwrap());
        assert_eq!(harness.exit(), None);
        harness.wait_until(1000);
        harness.take();
        harness.found(0, report(Processing, None));
    }
    harness.wait_until(1000);
    harness.found(0, report(Completed, None));
    assert_eq!(harness.exit(), Some(Code::Ok));
}

#[test]
fn what_lasts_is_an_outage_and_the_target_is_not_final() {
    let page = || Reading::Denied {
        answer: "403 without a JSON body".to_owned(),
        reason: DenialReason::Gateway,
    };
    let all: [(Answer, Code); 5] = [
        (|| Ok(html()), Code::Unreachable),
        (|| Err(redirect()), Code::Unreachable),
        (|| Ok(busy("503", None)), Code::Unreachable),
        (|| Err(bad_certificate()), Code::Protocol),
        (|| Ok(malformed()), Code::Protocol),
    ];
    for (answer, code) in all {
        let mut harness = Harness::new(plan(Mode::Poll, 1));
        harness.take();
        harness.found(0, report(Pending, None));
        answer_all(&mut harness, 2000, answer);
        assert_eq!(harness.exit(), Some(code));
        assert!(harness.now >= seconds(LIMIT), "{:?}", harness.now);
        assert!(harness.now <= seconds(LIMIT + 60), "{:?}", harness.now);
        assert!(is_named_at_the_end(&harness), "{code}");
        assert!(harness.warnings().len() <= 2, "{:?}", harness.warnings());
    }
    let mut harness = Harness::new(plan(Mode::Poll, 1));
    harness.take();
    harness.found(0, report(Pending, None));
    answer_all(&mut harness, 2000, || Ok(page()));
    assert_eq!(harness.exit(), Some(Code::Unreachable));
}

/// Each in turn keeps neither of the limits from its end.
#[test]
fn different_bad_answers_end_as_well() {
    let mut harness = Harness::new(plan(Mode::Poll, 1));
    harness.take();
    harness.found(0, report(Pending, None));
    let mut is_even = false;
    answer_all(&mut harness, 1700, || {
        is_even = !is_even;
        Ok(if is_even { html() } else { malformed() })
    });
    assert_eq!(harness.exit(), Some(Code::Protocol));
}

#[test]
fn one_record_in_disorder_ends_alone() {
    let mut harness = Harness::new(plan(Mode::Poll, 2));
    harness.take();
    harness.found(0, report(Pending, None));
    harness.found(1, report(Pending, None));
    while harness.results().is_empty() {
        for target in harness.take_lookups() {
            harness.read(
                target,
                if target == 0 { malformed() } else { Reading::Observed(report(Pending, None)) },
            );
        }
        harness.wait_until(1000);
    }
    let untrusted = Outcome::Failed(FailureKind::Untrusted);
    assert_eq!(harness.results(), [("fake:0".to_owned(), untrusted)]);
    assert_eq!(harness.exit(), None);
}

#[test]
fn one_look_accepts_no_bad_answer() {
    for answer in [Ok(html()), Ok(malformed()), Err(redirect()), Err(bad_certificate())] {
        let mut harness = Harness::new(plan_with(Mode::Get { exit_status: true }, 1, |profile| {
            profile.max_outage = Some(Duration::ZERO);
        }));
        harness.answer(0, answer);
        assert_eq!(harness.exit(), Some(Code::Protocol));
    }
}

#[test]
fn a_refusal_of_an_accepted_token_is_final_unless_it_may_be_a_gateways() {
    let mut harness = Harness::new(plan(Mode::Poll, 1));
    harness.take();
    harness.found(0, report(Pending, None));
    harness.wait_until(100);
    harness.read(0, denied());
    assert_eq!(harness.exit(), Some(Code::Denied));
    assert!(is_named_at_the_end(&harness));
}

#[test]
fn a_push_connection_that_is_redirected_leaves_polling() {
    let mut harness = Harness::new(plan(Mode::Watch, 1));
    for _ in 0..5 {
        harness.lose(redirect(), 1);
    }
    harness.wait_until(100);
    harness.found(0, report(Completed, None));
    assert_eq!(harness.exit(), Some(Code::Ok));
}

#[test]
fn without_polling_a_push_connection_has_to_work() {
    let push_only = || plan_with(Mode::Watch, 1, |profile| profile.can_poll = false);
    let lose = |harness: &mut Harness, attempt| {
        let retry_in = seconds(1);
        let error = redirect();
        harness.link_event(LinkEvent::Lost { error, attempt, retry_in, generation: 0 });
    };
    let mut harness = Harness::new(push_only());
    lose(&mut harness, 1);
    lose(&mut harness, 2);
    assert_eq!(harness.exit(), None);
    lose(&mut harness, 3);
    assert_eq!(harness.exit(), Some(Code::Protocol));

    let mut harness = Harness::new(push_only());
    harness.signal(FeedSignal::Live);
    harness.push(0, Pending, None);
    (1..20).for_each(|attempt| lose(&mut harness, attempt));
    assert_eq!(harness.exit(), None);
    harness.wait_until(LIMIT + 1);
    harness.wait_until(LIMIT + 1);
    assert_eq!(harness.exit(), Some(Code::Unreachable));
    assert!(is_named_at_the_end(&harness));
}

#[test]
fn when_the_output_fails_what_is_open_is_named() {
    let mut harness = Harness::watching(plan(Mode::Watch, 1));
    harness.input(Input::OutputFailed);
    assert_eq!(harness.exit(), Some(Code::Io));
    assert!(is_named_at_the_end(&harness));
}
