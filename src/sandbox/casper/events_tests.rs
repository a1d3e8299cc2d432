use super::*;
use std::sync::Arc;

use crate::sandbox::casper::CasperDouble;
use crate::sandbox::casper::rpc::Node;

/// The numbers and kinds of the events in a text.
fn read(text: &str) -> Vec<(u64, String)> {
    let event = |block: &str| {
        let (data, id) = block.strip_prefix("data:")?.split_once("\nid:")?;
        Some((id.parse().ok()?, data.split('"').nth(1)?.to_owned()))
    };
    text.split("\n\n").filter_map(event).collect()
}

fn kinds(text: &str) -> Vec<String> {
    read(text).into_iter().map(|(_, kind)| kind).collect()
}

/// Listens for so long; what was said, and whether the connection was lost.
async fn listen(listener: &mut Listener, seconds: u64) -> (String, bool) {
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut text = String::new();
    loop {
        match tokio::time::timeout_at(end, listener.next()).await {
            Ok(Ok(said)) => text.push_str(&said),
            Ok(Err(_)) => return (text, true),
            Err(_) => return (text, false),
        }
    }
}

fn node(ids: &[&str]) -> Shared {
    let node = Arc::new(Node::new(Schedule::of(CasperDouble)));
    for id in ids {
        node.schedule.begin(id);
    }
    node
}

#[tokio::test(start_paused = true)]
async fn events_have_numbers_and_silence_has_comments() {
    let node = node(&[]);
    let mut listener = Listener::new(node.clone(), None);
    node.schedule.begin("happy");
    let (text, lost) = listen(&mut listener, 9).await;
    let expected =
        ["TransactionAccepted", "BlockAdded", "TransactionProcessed", "BlockAdded", "BlockAdded"];
    let expected: Vec<_> = (0..).zip(expected.map(str::to_owned)).collect();
    assert_eq!(read(&text), expected);
    assert!(!lost && text.contains("\n\n:\n\n"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn who_comes_late_is_told_what_is_asked_for() {
    let node = node(&["happy"]);
    tokio::time::advance(Duration::from_secs(2)).await;
    let (text, _) = listen(&mut Listener::new(node.clone(), None), 1).await;
    assert_eq!(kinds(&text), ["TransactionProcessed"]);
    let replayed = async |from| {
        let mut listener = Listener::new(node.clone(), Some(from));
        read(&listener.look(Instant::now()).unwrap().1).len()
    };
    assert_eq!((replayed(0).await, replayed(2).await, replayed(3).await), (3, 1, 0));
    // A number of another life is not given yet.
    assert_eq!(replayed(99).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_restart_cuts_everybody_and_counts_anew() {
    let node = node(&["restart"]);
    let mut listener = Listener::new(node.clone(), Some(0));
    let (text, lost) = listen(&mut listener, 5).await;
    assert_eq!(
        (kinds(&text), lost),
        (vec!["TransactionAccepted".into(), "BlockAdded".into()], true)
    );
    assert_eq!(refusal(&node.schedule).unwrap().status(), 503);
    tokio::time::advance(Duration::from_secs(2)).await;
    assert!(refusal(&node.schedule).is_none());
    let (text, lost) = listen(&mut Listener::new(node, Some(2)), 9).await;
    let numbered = read(&text);
    assert_eq!(numbered.first().map(|(number, _)| *number), Some(0), "{text}");
    assert!(numbered.iter().any(|(_, kind)| kind == "TransactionProcessed") && !lost, "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_loses_no_number() {
    let node = node(&["drop"]);
    let mut listener = Listener::new(node.clone(), Some(0));
    assert!(listen(&mut listener, 5).await.1);
    tokio::time::advance(Duration::from_secs(5)).await;
    let (text, _) = listen(&mut Listener::new(node, Some(1)), 1).await;
    let expected = [(1, "BlockAdded".to_owned()), (2, "TransactionProcessed".to_owned())];
    assert_eq!(read(&text)[..2], expected);
}

#[tokio::test(start_paused = true)]
async fn a_flaky_one_cuts_who_listens_and_refuses_once() {
    let node = node(&[]);
    let mut listener = Listener::new(node.clone(), None);
    node.schedule.begin("flaky");
    assert!(listen(&mut listener, 1).await.1);
    assert_eq!(refusal(&node.schedule).unwrap().status(), 502);
    assert!(refusal(&node.schedule).is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_late_is_told_of_late() {
    let node = node(&["late"]);
    let mut listener = Listener::new(node, Some(0));
    assert!(kinds(&listen(&mut listener, 1).await.0).is_empty());
    assert_eq!(kinds(&listen(&mut listener, 2).await.0), ["TransactionAccepted"]);
}

#[test]
fn start_from_is_the_only_query() {
    let query = |pairs: &[(&str, &str)]| {
        start_from(&pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect())
    };
    assert_eq!((query(&[]), query(&[("start_from", "7")])), (Ok(None), Ok(Some(7))));
    assert!(query(&[("start_from", "-1")]).is_err() && query(&[("from", "1")]).is_err());
    assert!(query(&[("start_from", "1"), ("from", "1")]).is_err());
}
