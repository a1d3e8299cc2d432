//! Both forms of the WebSocket.

use super::*;

#[test]
fn the_current_form_has_a_connection_each_and_the_older_one_for_all() {
    let ids = [Id::new("a"), Id::new("b")];
    assert_eq!(proof(&[]).feeds(&ids).len(), 2);
    let older =
        proof(&[("dialect", "user_id"), ("user_id", "u 1"), ("push_url", "wss://push.example")]);
    let (mut feed, served) = older.feeds(&ids).remove(0);
    assert_eq!(feed.request().url.as_str(), "wss://push.example/ws?user_id=u+1");
    assert_eq!(feed.request().auth, Auth::query("token"));
    assert_eq!(served, ids);
    assert!(is_live_with(&feed.opened(), &ids));
}

#[test]
fn the_older_form_needs_its_user() {
    let mut settings = Settings::default();
    settings.set("url", "https://proof.example");
    settings.set("dialect", "user_id");
    assert!(Proof.build(&settings).err().unwrap().contains("user_id"));
}

#[test]
fn messages_about_other_transactions_are_ignored_on_a_shared_connection_only() {
    let other = UPDATE.replace(ID, "another");
    assert!(is_malformed(&pushed(&[], &other)));
    let older = [("dialect", "user_id"), ("user_id", "user-123")];
    assert!(pushed(&older, &other).is_empty());
    // On a shared connection a message without an id cannot be attributed.
    assert!(is_malformed(&pushed(&older, r#"{"event":"tx.update","status":"completed"}"#)));
    // On a connection of one's own the id is an echo.
    let report = pushed_report(&[], r#"{"event":"tx.update","status":"paid"}"#);
    assert_eq!(report.status, Status::Processing);
}

#[test]
fn messages_about_a_forgotten_id_are_ignored() {
    let older = proof(&[("dialect", "user_id"), ("user_id", "user-123")]);
    let (mut feed, _) = older.feeds(&[Id::new(ID), Id::new("b")]).remove(0);
    feed.forget(&Id::new(ID));
    assert!(feed.received(Frame::Text(UPDATE.to_owned())).is_empty());
}

#[test]
fn the_event_decides_nothing_but_whether_it_is_an_update() {
    assert!(pushed(&[], r#"{"event":"tx.completed","status":"completed"}"#).is_empty());
    assert!(pushed(&[], r#"{"event":7,"status":"completed"}"#).is_empty());
    assert!(pushed(&[], r#"{"status":"completed"}"#).is_empty());
}
