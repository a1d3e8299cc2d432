//! Push connections, whatever happens on them.

use std::collections::HashSet;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use txwatch::provider::{Feed, FeedAction, FeedSignal, Id, Provider, Report};
use txwatch::wire::{Frame, Token};

use super::{each, variants};
use crate::properties::{Subject, frame};
use crate::support::hostile::HOSTILE;

/// A dead connection is noticed within this time.
const LONGEST_SILENCE: Duration = Duration::from_secs(45);

/// The reports among these actions.
fn reports(actions: &[FeedAction]) -> Vec<(&Id, &Report)> {
    fn report(action: &FeedAction) -> Option<(&Id, &Report)> {
        match action {
            FeedAction::Signal(FeedSignal::Observed(id, report)) => Some((id, report)),
            _ => None,
        }
    }
    actions.iter().filter_map(report).collect()
}

/// The lines of a story that arrive on a connection.
pub(super) fn lines(story: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(story);
    // The others say what happens besides.
    let arrives = |line: &&str| !line.starts_with(['!', '-', 'x', '#', '$']);
    text.lines().filter(arrives).map(str::to_owned).collect()
}

/// Each feed of a provider, open, with the ids that it serves.
pub(super) fn feeds(provider: &dyn Provider, ids: &[Id]) -> Vec<(Box<dyn Feed>, Vec<Id>)> {
    let mut feeds = provider.feeds(ids);
    for (feed, _) in &mut feeds {
        feed.opened();
    }
    feeds
}

/// Every feed that a provider has, by any of its settings, with what it is.
fn all_feeds(subject: &Subject) -> Vec<(String, Box<dyn Feed>)> {
    let mut all = Vec::new();
    for (what, provider) in variants(subject) {
        let feeds = provider.feeds(&subject.ids).into_iter();
        all.extend(feeds.map(|(feed, ids)| (format!("{what}, of {ids:?}"), feed)));
        let account = provider.account_feed().ok();
        all.extend(account.map(|feed| (format!("{what}, of an account"), feed)));
    }
    all
}

/// A line as it comes on a feed's connection.
pub(super) fn on(feed: &dyn Feed, line: &str) -> Frame {
    frame(&feed.request().url, line)
}

pub(super) fn play(feed: &mut dyn Feed, lines: &[String]) -> Vec<FeedAction> {
    let frames: Vec<_> = lines.iter().map(|line| on(feed, line)).collect();
    frames.into_iter().flat_map(|frame| feed.received(frame)).collect()
}

/// What no provider sends, as every kind of frame.
fn garbage() -> Vec<Frame> {
    let texts = [
        "",
        " ",
        "\0",
        "null",
        "true",
        "7",
        "[]",
        "{}",
        "\"\"",
        "{",
        "[[[[",
        "<html>",
        HOSTILE,
        r#"{"event":null}"#,
        r#"{"event":"","data":""}"#,
        r#"{"data":[]}"#,
        r#"{"data":{"status":{}}}"#,
        r#"{"status":"completed"}"#,
        r#"{"status":"COMPLETED"}"#,
        r#"{"status":"processed"}"#,
    ];
    let deep = [format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)), "x".repeat(1 << 20)];
    let texts: Vec<String> = texts.into_iter().map(str::to_owned).chain(deep).collect();
    let event = |id: Option<&str>, data: &String| Frame::Event {
        id: id.map(str::to_owned),
        data: data.clone(),
    };
    let mut frames = Vec::new();
    for text in &texts {
        frames.push(Frame::Text(text.clone()));
        frames.push(Frame::Binary(text.clone().into_bytes()));
        frames.extend([None, Some(""), Some("-1"), Some(HOSTILE)].map(|id| event(id, text)));
    }
    frames.push(Frame::Binary(vec![0xff; 64]));
    frames
}

#[test]
fn each_id_is_served_by_one_feed() {
    each(|subject| {
        for (what, provider) in variants(subject) {
            let feeds = provider.feeds(&subject.ids);
            let served: Vec<_> = feeds.iter().flat_map(|(_, ids)| ids.clone()).collect();
            let different: HashSet<_> = served.iter().collect();
            assert_eq!(different.len(), served.len(), "{what}: an id is served twice");
            assert!(feeds.is_empty() || different == subject.ids.iter().collect(), "{what}");
            assert!(feeds.iter().all(|(_, ids)| !ids.is_empty()), "{what}: a feed serves nobody");
        }
    });
}

#[test]
fn a_sample_is_understood() {
    each(|subject| {
        for story in subject.stories() {
            let mut feeds = feeds(&*subject.provider, &subject.ids);
            let mut understood = 0;
            for (feed, ids) in &mut feeds {
                let actions = play(feed.as_mut(), &lines(&story));
                let reports = reports(&actions);
                assert!(reports.iter().all(|(id, _)| ids.contains(id)), "{reports:?}");
                assert!(
                    reports.iter().all(|(_, report)| !report.provider_status.is_empty()),
                    "{reports:?}"
                );
                understood += reports.len();
            }
            assert!(understood > 0, "{} has no sample of a report", subject.name);
        }
    });
}

#[test]
fn half_a_message_is_none() {
    each(|subject| {
        for lines in subject.stories().iter().map(|story| lines(story)) {
            let mut tried = 0;
            for (number, line) in lines.iter().enumerate() {
                for (feed, _) in &mut feeds(&*subject.provider, &subject.ids) {
                    play(feed.as_mut(), &lines[..number]);
                    for (end, _) in line.char_indices() {
                        let half = on(feed.as_ref(), &line[..end]);
                        let actions = feed.received(half);
                        assert!(reports(&actions).is_empty(), "{}: {actions:?}", &line[..end]);
                        tried += 1;
                    }
                }
            }
            assert!(tried > 100, "a story of hardly any text");
        }
    });
}

#[test]
fn what_no_provider_sends_is_no_report() {
    each(|subject| {
        for (what, mut feed) in all_feeds(subject) {
            feed.opened();
            for frame in garbage() {
                let actions = feed.received(frame.clone());
                assert!(reports(&actions).is_empty(), "{what}: {frame:?} {actions:?}");
            }
        }
    });
}

#[test]
fn what_no_provider_sends_spoils_nothing() {
    each(|subject| {
        for story in subject.stories() {
            let clean = feeds(&*subject.provider, &subject.ids);
            let spoilt = feeds(&*subject.provider, &subject.ids);
            for ((mut clean, _), (mut spoilt, _)) in clean.into_iter().zip(spoilt) {
                garbage().into_iter().for_each(|frame| drop(spoilt.received(frame)));
                let [expected, actions] =
                    [&mut clean, &mut spoilt].map(|feed| play(feed.as_mut(), &lines(&story)));
                let expected = format!("{:?}", reports(&expected));
                assert_eq!(format!("{:?}", reports(&actions)), expected);
            }
        }
    });
}

/// Not even as an event where text comes, or text where events come.
#[test]
fn a_message_of_another_kind_is_no_report() {
    each(|subject| {
        for story in subject.stories() {
            for (feed, _) in &mut feeds(&*subject.provider, &subject.ids) {
                for line in lines(&story) {
                    let others = match on(feed.as_ref(), &line) {
                        Frame::Text(text) => vec![Frame::Event { id: None, data: text }],
                        _ => vec![Frame::Binary(line.clone().into_bytes()), Frame::Text(line)],
                    };
                    for other in others {
                        let actions = feed.received(other.clone());
                        assert!(reports(&actions).is_empty(), "{other:?}: {actions:?}");
                    }
                }
            }
        }
    });
}

#[test]
fn what_is_forgotten_is_reported_no_more() {
    each(|subject| {
        for (_, provider) in variants(subject) {
            for number in 0..subject.ids.len() {
                let forgotten = &subject.ids[number];
                for story in subject.stories() {
                    for (feed, ids) in &mut feeds(&*provider, &subject.ids) {
                        feed.forget(forgotten);
                        let again = feed.forget(forgotten);
                        assert!(again.is_empty(), "forgotten twice: {again:?}");
                        let actions = play(feed.as_mut(), &lines(&story));
                        let reports = reports(&actions);
                        assert!(reports.iter().all(|(id, _)| *id != forgotten), "{reports:?}");
                        // What was forgotten may have been the only one.
                        ids.iter().for_each(|id| drop(feed.forget(id)));
                        let actions = play(feed.as_mut(), &lines(&story));
                        assert!(self::reports(&actions).is_empty(), "{actions:?}");
                    }
                }
            }
        }
    });
}

/// Something that may happen to a feed.
#[derive(Clone, Debug)]
enum Happening {
    Opened,
    Closed(Option<u16>),
    Idle,
    Forget(Index),
    Token(u8),
    NotThere,
    Line(Index),
    Garbage(String),
}

fn happening() -> impl Strategy<Value = Happening> {
    let code = prop::option::of(prop_oneof![any::<u16>(), 990..1020u16, 3990..4310u16]);
    prop_oneof![
        2 => Just(Happening::Opened),
        2 => code.prop_map(Happening::Closed),
        2 => Just(Happening::Idle),
        1 => any::<Index>().prop_map(Happening::Forget),
        1 => any::<u8>().prop_map(Happening::Token),
        1 => Just(Happening::NotThere),
        8 => any::<Index>().prop_map(Happening::Line),
        1 => any::<String>().prop_map(Happening::Garbage),
    ]
}

/// Opened, closed, silent, with a new token, or nowhere to be found: in any order.
#[test]
fn anything_may_happen_in_any_order() {
    each(|subject| {
        let lines: Vec<String> = subject.stories().iter().flat_map(|story| lines(story)).collect();
        let mut runner = TestRunner::new(ProptestConfig::with_cases(48));
        let result = runner.run(&prop::collection::vec(happening(), 0..60), |happenings| {
            for (what, mut feed) in all_feeds(subject) {
                let scheme = feed.request().url.scheme().to_owned();
                let ids = if what.ends_with("account") { None } else { Some(&subject.ids) };
                for happening in &happenings {
                    let actions = happen(feed.as_mut(), happening, &subject.ids, &lines);
                    for (id, _) in reports(&actions) {
                        assert!(ids.is_none_or(|ids| ids.contains(id)), "{what}: {id}");
                    }
                    let keep_alive = feed.keep_alive();
                    assert!(!keep_alive.idle.is_zero() && !keep_alive.timeout.is_zero(), "{what}");
                    assert!(keep_alive.idle + keep_alive.timeout <= LONGEST_SILENCE, "{what}");
                    let request = feed.request();
                    assert_eq!(request.url.scheme(), scheme, "{what}");
                    assert!(request.body.is_none(), "{what}: a connection is opened by a GET");
                }
            }
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{}: {error}", subject.name));
    });
}

fn happen(
    feed: &mut dyn Feed,
    happening: &Happening,
    ids: &[Id],
    lines: &[String],
) -> Vec<FeedAction> {
    match happening {
        Happening::Opened => feed.opened(),
        Happening::Closed(code) => {
            feed.closed(*code);
            Vec::new()
        }
        Happening::Idle => feed.idle(),
        Happening::Forget(which) => feed.forget(which.get(ids)),
        Happening::Token(number) => {
            feed.token(&Token::new(format!("token-number-{number}").into(), (*number).into()));
            Vec::new()
        }
        Happening::NotThere => {
            feed.rejected(404);
            Vec::new()
        }
        Happening::Line(which) => {
            let line = if lines.is_empty() { "" } else { which.get(lines) };
            feed.received(on(feed, line))
        }
        Happening::Garbage(text) => feed.received(Frame::Text(text.clone())),
    }
}

/// Or it would be tried without a pause, in a circle.
#[test]
fn other_addresses_come_to_an_end() {
    each(|subject| {
        for (what, mut feed) in all_feeds(subject) {
            let mut seen = HashSet::from([feed.request().url.to_string()]);
            let mut tries = 0;
            while feed.rejected(404) {
                tries += 1;
                assert!(seen.insert(feed.request().url.to_string()), "{what}: it was tried");
                assert!(tries < 10, "{what}: there is no end of addresses");
            }
        }
    });
}
