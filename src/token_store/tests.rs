//! The store on a real file system.

use std::fs;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use super::*;
use crate::wire::{Auth, Token};

const SECRET: &str = "issued-token-1";

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn after(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

fn request(url: &str, key: &str) -> Request {
    Request::post(url.parse().unwrap(), Auth::header("api-secret"), key.to_owned())
}

fn store_in(folder: &Path) -> TokenStore {
    TokenStore::new(Some(folder), "transak", &request("https://api.example/refresh", "key-1"))
}

fn kept(expires_at: Option<Timestamp>) -> KeptToken {
    let token = Token::new(SECRET.to_owned().into(), 3);
    KeptToken::new(&expires_at.map_or(token.clone(), |at| token.expiring(at)), now())
}

/// A directory that does not exist yet, and a store in it.
fn new_store() -> (TempDir, PathBuf, TokenStore) {
    let home = TempDir::new().unwrap();
    let folder = home.path().join("state").join("txwatch");
    let store = store_in(&folder);
    (home, folder, store)
}

fn problem(store: &TokenStore) -> String {
    let Reading { kept, warning } = store.read();
    assert!(kept.is_none());
    let warning = warning.unwrap();
    assert_eq!(warning.code, WarningCode::TokenNotKept);
    assert!(!warning.message.contains(SECRET));
    warning.message
}

#[test]
fn a_token_is_kept_as_it_was_issued_until_it_is_forgotten() {
    let (_home, folder, store) = new_store();
    assert!(store.read().kept.is_none() && store.read().warning.is_none());
    assert_eq!(store.forget(), Ok(false));
    for expires_at in [Some(after(604_800)), None] {
        store.write(&kept(expires_at)).unwrap();
        let Reading { kept, warning } = store.read();
        let token = kept.unwrap().token(7);
        assert_eq!((token.text(), token.generation), (Some(SECRET), 7));
        assert_eq!((token.expires_at(), warning), (expires_at, None));
    }
    // Nothing else is left behind.
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    assert_eq!(store.forget(), Ok(true));
    assert!(store.read().kept.is_none());
}

/// The directory is for several providers, servers and keys, and no name tells a key.
#[test]
fn each_key_has_a_file_of_its_own() {
    let folder = Some(Path::new("/state"));
    let path = |provider: &str, url: &str, key: &str| {
        let store = TokenStore::new(folder, provider, &request(url, key));
        store.path().unwrap().to_str().unwrap().to_owned()
    };
    let first = path("transak", "https://api.example/refresh", "key-1");
    assert!(first.starts_with("/state/transak-") && first.ends_with(".json"), "{first}");
    assert!(!first.contains("key-1"));
    assert_eq!(path("transak", "https://api.example/refresh", "key-1"), first);
    for (provider, url, key) in [
        ("other", "https://api.example/refresh", "key-1"),
        ("transak", "https://api-stg.example/refresh", "key-1"),
        ("transak", "https://api.example:8443/refresh", "key-1"),
        ("transak", "https://api.example/refresh", "key-2"),
        ("transak", "https://api.example/refreshk", "ey-1"),
    ] {
        assert_ne!(path(provider, url, key), first, "{provider} {url} {key}");
    }
}

#[test]
fn it_is_fresh_until_ten_minutes_before_its_end() {
    let kept = kept(Some(after(3_600)));
    assert!(kept.is_fresh(now()) && kept.is_fresh(after(2_999)));
    assert!(!kept.is_fresh(after(3_000)) && !kept.is_fresh(after(9_000)));
    // A short life, or a clock that is ahead: it is used for a while all the same.
    for end in [200, -90_000] {
        let short = super::tests::kept(Some(after(end)));
        assert!(short.is_fresh(now()) && short.is_fresh(after(299)), "{end}");
        assert!(!short.is_fresh(after(300)), "{end}");
    }
    // The clock was set back: its end counts.
    assert!(kept.is_fresh(after(-90_000)));
    assert!(!super::tests::kept(Some(after(-90_000))).is_fresh(after(-80_000)));
    assert!(super::tests::kept(None).is_fresh(after(1_000_000_000)));
}

#[test]
fn what_is_damaged_is_not_used_and_can_be_replaced() {
    let (_home, folder, store) = new_store();
    store.write(&kept(None)).unwrap();
    let whole = fs::read_to_string(store.path().unwrap()).unwrap();
    let cut = &whole[..whole.len() / 2];
    for text in [
        "",
        cut,
        "null",
        "[]",
        "{}",
        "\u{0}\u{0}\u{0}",
        r#"{"token":7,"issued_at":"2026-01-01T00:00:00Z"}"#,
        r#"{"token":"","issued_at":"2026-01-01T00:00:00Z"}"#,
        r#"{"token":"a\nb","issued_at":"2026-01-01T00:00:00Z"}"#,
        r#"{"token":"issued-token-1"}"#,
        r#"{"token":"issued-token-1","issued_at":"yesterday"}"#,
        r#"{"token":"issued-token-1","issued_at":"2026-01-01T00:00:00Z","expires_at":17}"#,
        &format!("{{\"token\":\"{}\"}}", "x".repeat(300_000)),
    ] {
        fs::write(store.path().unwrap(), text).unwrap();
        let problem = problem(&store);
        assert!(problem.contains("its contents are damaged"), "{problem}");
        store.write(&kept(None)).unwrap();
        assert!(store.read().kept.is_some());
    }
    fs::write(store.path().unwrap(), [0xff, 0xfe]).unwrap();
    assert!(problem(&store).contains("damaged"));
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
}

/// What a later version adds does not matter to this one.
#[test]
fn an_unknown_field_is_passed_over() {
    let (_home, folder, store) = new_store();
    fs::create_dir_all(folder).unwrap();
    let text = r#"{"token":"t-1","issued_at":"2026-01-01T00:00:00Z","more":1}"#;
    fs::write(store.path().unwrap(), text).unwrap();
    assert!(store.read().kept.is_some());
}

#[test]
fn without_a_home_nothing_is_kept_and_that_is_said() {
    let store = TokenStore::new(None, "transak", &request("https://api.example/", "key-1"));
    assert!(store.read().kept.is_none() && store.read().warning.is_none());
    assert!(store.write(&kept(None)).unwrap_err().message.contains("no home directory"));
    assert!(matches!(store.try_lock(), Locking::Unavailable(_)));
    assert_eq!(store.forget(), Ok(false));
}

#[test]
fn a_place_that_cannot_be_written_is_a_warning() {
    let (home, folder, store) = new_store();
    // A file where a directory should be.
    fs::write(home.path().join("state"), "").unwrap();
    let message = store.write(&kept(None)).unwrap_err().message;
    assert!(message.contains(folder.to_str().unwrap()) && message.contains("cannot be used"));
    let Locking::Unavailable(warning) = store.try_lock() else { panic!("a lock in a file") };
    assert!(warning.message.contains("cannot be used"), "{}", warning.message);
    // The token that is kept is not read there either, and that it is missing is no fault.
    assert!(store.read().kept.is_none());

    // A directory where the files should be.
    let (_home, _, store) = new_store();
    fs::create_dir_all(store.path().unwrap()).unwrap();
    fs::create_dir_all(store.path().unwrap().with_extension("lock")).unwrap();
    assert!(problem(&store).contains("it is no regular file"));
    assert!(store.write(&kept(None)).unwrap_err().message.contains("cannot be written"));
    assert!(matches!(store.try_lock(), Locking::Unavailable(_)));
    assert!(store.forget().unwrap_err().contains("cannot be removed"));
}

#[test]
fn the_lock_is_for_one_at_a_time_and_freed_with_its_holder() {
    let (_home, folder, store) = new_store();
    let Locking::Locked(lock) = store.try_lock() else { panic!("it is free") };
    assert!(matches!(store.clone().try_lock(), Locking::Busy));
    let other = TokenStore::new(
        Some(&folder),
        "transak",
        &request("https://api.example/refresh", "another"),
    );
    assert!(matches!(other.try_lock(), Locking::Locked(_)), "of another key");
    drop(lock);
    assert!(matches!(store.try_lock(), Locking::Locked(_)));
}

#[cfg(unix)]
mod permissions {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn all_of_it_is_private() {
        let (_home, folder, store) = new_store();
        assert!(matches!(store.try_lock(), Locking::Locked(_)));
        store.write(&kept(None)).unwrap();
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(store.path().unwrap()), 0o600);
        assert_eq!(mode(&store.path().unwrap().with_extension("lock")), 0o600);
    }

    #[test]
    fn what_others_can_read_is_made_private_and_that_is_said() {
        let (_home, folder, store) = new_store();
        store.write(&kept(None)).unwrap();
        for open in [0o644, 0o640, 0o604, 0o666] {
            set_mode(store.path().unwrap(), open);
            let Reading { kept, warning } = store.read();
            assert!(kept.is_some());
            let warning = warning.unwrap();
            assert_eq!(warning.code, WarningCode::Credential);
            assert!(warning.message.contains("could be read by others"), "{}", warning.message);
            assert_eq!(mode(store.path().unwrap()), 0o600, "{open:o}");
            assert!(store.read().warning.is_none(), "once");
        }
        set_mode(&folder, 0o755);
        store.write(&kept(None)).unwrap();
        assert_eq!(mode(&folder), 0o700);
    }

    /// Opening it would wait for a writer.
    #[test]
    fn a_named_pipe_does_not_block() {
        let (_home, folder, store) = new_store();
        fs::create_dir_all(&folder).unwrap();
        let made = std::process::Command::new("mkfifo").arg(store.path().unwrap()).status();
        assert!(made.unwrap().success());
        assert!(problem(&store).contains("it is no regular file"));
        store.write(&kept(None)).unwrap();
        assert!(store.read().kept.is_some());
    }

    /// Only root can give a file away; others have files of root to look at.
    #[test]
    fn what_belongs_to_another_user_is_not_used() {
        if rustix::process::geteuid().is_root() {
            let (_home, folder, store) = new_store();
            store.write(&kept(None)).unwrap();
            std::os::unix::fs::chown(store.path().unwrap(), Some(4_711), None).unwrap();
            assert!(problem(&store).contains("it belongs to another user"));
            std::os::unix::fs::chown(&folder, Some(4_711), None).unwrap();
            let message = store.write(&kept(None)).unwrap_err().message;
            assert!(message.contains("it belongs to another user"), "{message}");
            assert!(matches!(store.try_lock(), Locking::Unavailable(_)));
        } else {
            // A file that root owns, in a directory that it owns.
            let store = TokenStore { path: Some(PathBuf::from("/etc/hostname")) };
            assert!(problem(&store).contains("it belongs to another user"));
            assert!(store.write(&kept(None)).is_err());
        }
    }
}
