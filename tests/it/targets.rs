//! Targets: profiles, bare ids, duplicates, and standard input.

use std::io::Write;
use std::process::Stdio;

use txwatch::config::Registry;

use crate::support::proof::{ID, record};
use crate::support::schema::of_type;
use crate::support::script::Reply;
use crate::support::server::{Script, Server};
use crate::support::txwatch::{TOKEN, Txwatch, txwatch};

/// A server with these transactions, all completed.
fn server_with(ids: &[&str]) -> Server {
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
    let (staging, live) = (server_with(&["one"]), server_with(&["one", "two"]));
    let arguments = ["watch", "staging:one", "live:one", "live:two"];
    let (output, records) = two_profiles(&arguments, &staging, &live).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    let mut targets: Vec<_> =
        of_type(&records, "result").map(|result| result["target"].as_str().unwrap()).collect();
    targets.sort_unstable();
    assert_eq!(targets, ["live:one", "live:two", "staging:one"]);
    assert_eq!((staging.requests().len(), live.requests().len()), (2, 4));
    // An address given by an option would apply to both.
    let arguments = ["watch", "staging:one", "live:one", "--url", &live.url()];
    let output = two_profiles(&arguments, &staging, &live).run();
    output.fails(2, "--url and --push-url are for one profile");
    let arguments = ["get", "staging:two", "--url", &live.url()];
    assert_eq!(two_profiles(&arguments, &staging, &live).run().code, 0);
}

#[test]
fn a_target_given_twice_is_watched_once() {
    let server = server_with(&["one"]);
    let (output, records) =
        txwatch(["get", "proof:one", "proof:one"]).proof(&server.url()).run_json();
    assert_eq!(output.code, 0);
    assert_eq!(of_type(&records, "warning").next().unwrap()["code"], "duplicate_target");
    assert_eq!(server.requests().len(), 1);
}

/// A command that reads this from standard input.
fn with_input(arguments: &[&str], server: &Server, input: &[u8]) -> Txwatch {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(input).unwrap();
    let mut command = txwatch(arguments).proof(&server.url());
    command.command().stdin(Stdio::from(reader));
    command
}

#[test]
fn targets_come_from_standard_input() {
    let server = server_with(&["one", "two", "three"]);
    let input = b"proof:one\n\n  proof:two \r\n";
    let (output, records) = with_input(&["get", "-", "proof:three"], &server, input).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(of_type(&records, "result").count(), 3);
    assert_eq!(server.requests().len(), 3);
    with_input(&["get", "-"], &server, b"\n \n").run().fails(2, "no targets on standard input");
    with_input(&["get", "-", "-"], &server, input).run().fails(2, "can be read only once");
    with_input(&["get", "-"], &server, b"proof:\xff").run().fails(2, "is not a list of targets");
    with_input(&["get", "-"], &server, b"proof:a/b").run().fails(2, "it has '/' in it");
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn standard_input_that_never_ends_times_out() {
    let server = server_with(&[]);
    let (reader, _open) = std::io::pipe().unwrap();
    let mut command = txwatch(["watch", "-", "-t", "200ms"]).proof(&server.url());
    command.command().stdin(Stdio::from(reader));
    command.run().fails(124, "standard input did not end in time");
}

#[test]
fn a_bare_id_belongs_to_the_only_configured_profile() {
    let server = server_with(&[ID]);
    let output = txwatch(["get", ID]).proof(&server.url()).run();
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(
        output.stderr.contains("using profile proof, the only one that is set up"),
        "{output:#?}"
    );
    assert_eq!(output.stdout, format!("proof:{ID}\tcompleted\n"));
}

#[test]
fn an_ambiguous_bare_id_is_refused() {
    let none = txwatch(["watch", ID]).run();
    none.fails(2, "None is set up for such an id");
    let registry = Registry::built_in();
    let mut profiles: Vec<_> = registry.iter().map(|row| row.spec().name.to_string()).collect();
    profiles.push("sandbox".to_owned());
    profiles.sort_unstable();
    let list = format!("the profiles are: {}", profiles.join(", "));
    assert!(none.stderr.contains(&list), "{none:#?}");
    let happy = txwatch(["watch", "happy"]).run();
    happy.fails(2, "None is set up");
    assert!(happy.stderr.contains("did you mean sandbox:happy?"), "{happy:#?}");
    let (staging, live) = (server_with(&[]), server_with(&[]));
    let several = two_profiles(&["watch", ID], &staging, &live).run();
    several.fails(2, "It could be: live, staging");
    let unknown = two_profiles(&["watch", ID, "-p", "stagin"], &staging, &live).run();
    unknown.fails(2, "there is no profile 'stagin'");
    assert!(unknown.stderr.contains("did you mean 'staging'?"), "{unknown:#?}");
}

#[test]
fn a_bare_id_belongs_to_the_chosen_profile() {
    let (staging, live) = (server_with(&["one"]), server_with(&["one"]));
    let flag = two_profiles(&["get", "one", "-p", "live"], &staging, &live).run();
    assert_eq!((flag.code, flag.stdout.as_str()), (0, "live:one\tcompleted\n"));
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
    assert_eq!((staging.requests().len(), live.requests().len()), (1, 2));
}

#[test]
fn the_sandbox_can_be_the_default_profile() {
    let default = "default_profile = \"sandbox\"";
    for arguments in [["get", "happy"], ["watch", "transak/happy"]] {
        let by_file = txwatch(arguments).config(default).run();
        let by_flag = txwatch(arguments.into_iter().chain(["-p", "sandbox"])).run();
        assert_eq!(by_file.code, 0, "{by_file:#?}");
        assert_eq!(by_file.stdout, by_flag.stdout);
        assert!(by_file.stdout.starts_with(&format!("sandbox:{}\t", arguments[1])));
    }
    txwatch(["get", "hapy"]).config(default).run().fails(2, "hapy");
    let shown = txwatch(["config", "show"]).config(default).run();
    assert!(shown.stdout.contains("default_profile"), "{shown:#?}");
}
