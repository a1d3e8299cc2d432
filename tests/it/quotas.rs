//! `quota` of a profile, in place of its provider's own.

use crate::support::proof::{ID, record, rest_path};
use crate::support::schema::{of_type, warning_messages};
use crate::support::script::Reply;
use crate::support::server::{Script, Server};
use crate::support::txwatch::{Txwatch, txwatch};

fn server() -> Server {
    Script::new().rest(ID, [Reply::json(&record(ID, "pending", 0))]).start()
}

/// Polls often, for two seconds.
fn poll(server: &Server) -> Txwatch {
    let words = ["poll", &format!("proof:{ID}"), "-i", "100ms", "-t", "2s"];
    txwatch(words).proof(&server.url())
}

#[test]
fn a_quota_slows_lookups_down_and_the_warning_names_it() {
    let server = server();
    let command = poll(&server).env("TXWATCH_PROOF_QUOTA", "5/1m, 1200/1d");
    let (output, records) = command.run_json();
    assert_eq!(output.code, 124, "{output:#?}");
    // A fifth of five at once, and the next one after fifteen seconds.
    assert_eq!(server.request_count(&rest_path(ID)), 1);
    let warnings = warning_messages(&records);
    let warning = warnings.iter().find(|warning| warning.contains("quota")).unwrap();
    assert!(warning.contains("(5 requests in 1m, 1200 requests in 1day)"), "{warning}");
    let codes: Vec<_> = of_type(&records, "warning").map(|it| it["code"].clone()).collect();
    assert!(codes.contains(&"slowed_down".into()), "{codes:?}");
}

#[test]
fn a_quota_in_the_file_holds_for_its_profile_and_the_variable_goes_before_it() {
    let server = server();
    let file = "[profiles.proof]\nquota = [\"1/1h\"]\n[profiles.cspr]\nquota = [\"7/1h\"]\n";
    assert_eq!(poll(&server).config(file).run().code, 124);
    assert_eq!(server.request_count(&rest_path(ID)), 1);
    let generous = poll(&server).config(file).env("TXWATCH_PROOF_QUOTA", "10000/1m");
    let (_, records) = generous.run_json();
    assert!(server.request_count(&rest_path(ID)) > 2, "{:?}", server.paths());
    assert_eq!(warning_messages(&records), Vec::<String>::new());
}

#[test]
fn config_show_tells_the_quota_and_where_it_comes_from() {
    let show = |command: Txwatch| {
        let output = command.run();
        assert_eq!(output.code, 0, "{output:#?}");
        let lines = output.stdout.lines().filter(|line| line.starts_with("quota"));
        lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    let command = || txwatch(["config", "show"]);
    let file =
        "[profiles.casper]\nurl = \"http://127.0.0.1:9\"\nquota = [\"100/1m\", \"1200/1d\"]\n";
    let from_file = show(command().config(file));
    let [line] = &from_file[..] else { panic!("{from_file:?}") };
    assert!(line.starts_with("quota 100/1m, 1200/1d # ") && line.ends_with(":3"), "{line}");
    let variable = show(command().env("TXWATCH_CASPER_QUOTA", "100/1m,1200/1d"));
    assert_eq!(variable, ["quota 100/1m, 1200/1d # TXWATCH_CASPER_QUOTA"]);
    let wrong = show(command().env("TXWATCH_CASPER_QUOTA", "0/1m"));
    assert!(wrong[0].starts_with("quota NOT USABLE: '0/1m': a quota of no requests"), "{wrong:?}");
    assert_eq!(show(command().env("TXWATCH_CASPER_URL", "http://127.0.0.1:9")), [""; 0]);
}

#[test]
fn a_quota_that_is_none_is_explained_and_nothing_is_sent() {
    let server = Script::new().start();
    for (quota, needle) in [
        ("100", "it has no slash; write requests per period, as 100/1m or 1200/1d"),
        ("0/1m", "a quota of no requests"),
        ("100/60", "it has no unit"),
        ("100/0s", "the period is zero"),
        ("100/soon", "write a duration"),
        ("100/1m,200/60s", "another number for the same period"),
        ("100/1m,", "it has no slash"),
        ("\u{1b}[31m/1m", "a whole number of requests"),
    ] {
        let output = poll(&server).env("TXWATCH_PROOF_QUOTA", quota).run();
        output.fails(78, "the quota of profile proof is not usable: ");
        output.fails(78, needle);
        assert!(output.stderr.contains("it comes from TXWATCH_PROOF_QUOTA"), "{output:#?}");
        let file =
            format!("[profiles.proof]\nquota = {:?}\n", quota.split(',').collect::<Vec<_>>());
        if !quota.contains('\u{1b}') {
            poll(&server).config(&file).run().fails(78, needle);
        }
    }
    let misspelt = poll(&server).config("[profiles.proof]\nquotas = [\"1/1m\"]\n").run();
    misspelt.fails(78, "there is no key 'quotas'");
    assert!(misspelt.stderr.contains("did you mean 'quota'?"), "{misspelt:#?}");
}
