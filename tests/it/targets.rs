//! Which transactions are meant, and whose.

use std::io::Write;
use std::process::Stdio;

use crate::support::proof::{ID, record};
use crate::support::schema::of_type;
use crate::support::script::Reply;
use crate::support::server::{Script, Server};
use crate::support::txwatch::{TOKEN, Txwatch, txwatch};

fn serving(ids: &[&str]) -> Server {
    let rest = |script: Script, id: &&str| {
        script.rest(id, [Reply::json(&record(id, "completed", 0))]).push(id, [Reply::upgrade([])])
    };
    ids.iter().fold(Script::new(), rest).start()
}

/// Two profiles of one provider, on two servers.
fn two_profiles(arguments: &[&str], first: &Server, second: &Server) -> Txwatch {
    let command = txwatch(arguments);
    command.write_private("token", TOKEN);
    let section = |name: &str, server: &Server| {
        let url = server.url();
        format!(
            "[profiles.{name}]\nprovider = \"proof\"\nurl = \"{url}\"\ntoken_file = \"token\"\n"
        )
    };
    let text = section("staging", first) + &section("live", second);
    command.config(&text)
}

#[test]
fn profiles_mix_in_one_command() {
    let (staging, live) = (serving(&["one"]), serving(&["one", "two"]));
    let arguments = ["watch", "staging:one", "live:one", "live:two"];
    let (ended, records) = two_profiles(&arguments, &staging, &live).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    let mut targets: Vec<_> =
        of_type(&records, "result").map(|result| result["target"].as_str().unwrap()).collect();
    targets.sort_unstable();
    assert_eq!(targets, ["live:one", "live:two", "staging:one"]);
    assert_eq!((staging.seen().len(), live.seen().len()), (2, 4));
    // An address by flag would be both's.
    let arguments = ["watch", "staging:one", "live:one", "--url", &live.url()];
    let ended = two_profiles(&arguments, &staging, &live).run();
    ended.fails(2, "--url and --push-url are for one profile");
    let arguments = ["get", "staging:two", "--url", &live.url()];
    assert_eq!(two_profiles(&arguments, &staging, &live).run().code, 0);
}

#[test]
fn a_target_given_twice_is_watched_once() {
    let server = serving(&["one"]);
    let (ended, records) =
        txwatch(["get", "proof:one", "proof:one"]).proof(&server.url()).run_json();
    assert_eq!(ended.code, 0);
    assert_eq!(of_type(&records, "warning").next().unwrap()["code"], "duplicate_target");
    assert_eq!(server.seen().len(), 1);
}

fn with_input(arguments: &[&str], server: &Server, input: &[u8]) -> Txwatch {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(input).unwrap();
    let mut command = txwatch(arguments).proof(&server.url());
    command.command().stdin(Stdio::from(reader));
    command
}

#[test]
fn targets_come_from_standard_input() {
    let server = serving(&["one", "two", "three"]);
    let input = b"proof:one\n\n  proof:two \r\n";
    let (ended, records) = with_input(&["get", "-", "proof:three"], &server, input).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(of_type(&records, "result").count(), 3);
    assert_eq!(server.seen().len(), 3);
    with_input(&["get", "-"], &server, b"\n \n").run().fails(2, "no targets on standard input");
    with_input(&["get", "-", "-"], &server, input).run().fails(2, "can be read only once");
    with_input(&["get", "-"], &server, b"proof:\xff").run().fails(2, "is not a list of targets");
    with_input(&["get", "-"], &server, b"proof:a/b").run().fails(2, "it has '/' in it");
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn standard_input_that_never_ends_is_given_up_on() {
    let server = serving(&[]);
    let (reader, _open) = std::io::pipe().unwrap();
    let mut command = txwatch(["watch", "-", "-t", "200ms"]).proof(&server.url());
    command.command().stdin(Stdio::from(reader));
    command.run().fails(124, "standard input did not end in time");
}

#[test]
fn a_bare_id_goes_to_the_only_profile_that_is_set_up() {
    let server = serving(&[ID]);
    let ended = txwatch(["get", ID]).proof(&server.url()).run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert!(
        ended.stderr.contains("using profile proof, the only one that is set up"),
        "{ended:#?}"
    );
    assert_eq!(ended.stdout, format!("proof:{ID}\tcompleted\n"));
}

#[test]
fn a_bare_id_is_never_guessed_about() {
    let none = txwatch(["watch", ID]).run();
    none.fails(2, "None is set up for such an id");
    assert!(none.stderr.contains("the profiles are: casper, cspr, proof, sandbox"), "{none:#?}");
    let happy = txwatch(["watch", "happy"]).run();
    happy.fails(2, "None is set up");
    assert!(happy.stderr.contains("did you mean sandbox:happy?"), "{happy:#?}");
    let (staging, live) = (serving(&[]), serving(&[]));
    let several = two_profiles(&["watch", ID], &staging, &live).run();
    several.fails(2, "It could be: live, staging");
    let unknown = two_profiles(&["watch", ID, "-p", "stagin"], &staging, &live).run();
    unknown.fails(2, "there is no profile 'stagin'");
    assert!(unknown.stderr.contains("did you mean 'staging'?"), "{unknown:#?}");
}

#[test]
fn a_bare_id_goes_where_it_is_told_to() {
    let (staging, live) = (serving(&["one"]), serving(&["one"]));
    let told = two_profiles(&["get", "one", "-p", "live"], &staging, &live).run();
    assert_eq!((told.code, told.stdout.as_str()), (0, "live:one\tcompleted\n"));
    let variable =
        two_profiles(&["get", "one"], &staging, &live).env("TXWATCH_PROFILE", "staging").run();
    assert_eq!((variable.code, variable.stdout.as_str()), (0, "staging:one\tcompleted\n"));
    let command = txwatch(["get", "one"]);
    command.write_private("token", TOKEN);
    let url = live.url();
    let default = command
        .config(&format!(
            "default_profile = \"live\"\n\
             [profiles.live]\nprovider = \"proof\"\nurl = \"{url}\"\ntoken_file = \"token\"\n\
             [profiles.other]\nprovider = \"proof\"\nurl = \"{url}\"\ntoken_file = \"token\"\n"
        ))
        .run();
    assert_eq!((default.code, default.stdout.as_str()), (0, "live:one\tcompleted\n"));
    assert_eq!((staging.seen().len(), live.seen().len()), (1, 2));
}
