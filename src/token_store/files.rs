//! The files: private to the user, and replaced as a whole. Errors are phrases that name the file and the reason.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

/// The longest file, in bytes.
const MAX_LENGTH: u64 = 128 * 1024;

/// What was read.
pub(super) struct Contents {
    pub(super) bytes: Vec<u8>,
    /// That others could read the file, as a sentence.
    pub(super) exposure: Option<String>,
}

/// Reads a file, if there is one. If others could read it, it is made private.
pub(super) fn read(path: &Path) -> Result<Option<Contents>, String> {
    match fs::metadata(path) {
        // Opening a named pipe would block.
        Ok(metadata) if !metadata.is_file() => return Err("it is no regular file".to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("it cannot be read: {error}")),
    }
    let file = File::open(path).map_err(|error| format!("it cannot be read: {error}"))?;
    let exposure = access::make_private(&file, path)?;
    let mut bytes = Vec::new();
    file.take(MAX_LENGTH)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("it cannot be read: {error}"))?;
    Ok(Some(Contents { bytes, exposure }))
}

/// Writes a file that only the user can read, in place of the one before: whoever reads it finds either of them, and
/// it is on the disk when this returns.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let folder = prepare_folder(path)?;
    let failed = |error: io::Error| format!("{} cannot be written: {error}", path.display());
    // Its mode is 0600 on Unix.
    let mut file =
        tempfile::Builder::new().prefix(".token-").tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    // The new name is on the disk once its directory is; not every file system can do that.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Removes a file. Returns whether there was one.
pub(super) fn remove(path: &Path) -> Result<bool, String> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(format!("{} cannot be removed: {error}", path.display())),
    }
}

/// Opens the file of a lock, which is empty and stays.
pub(super) fn open_lock(path: &Path) -> Result<File, String> {
    prepare_folder(path)?;
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(format!("{} is no regular file", path.display()));
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    access::private(&mut options);
    options.open(path).map_err(|error| format!("{} cannot be opened: {error}", path.display()))
}

/// Creates the directory of a file, or makes it private to the user.
fn prepare_folder(path: &Path) -> Result<&Path, String> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    access::private_folder(&mut builder);
    builder
        .create(folder)
        .and_then(|()| access::make_folder_private(folder))
        .map_err(|error| format!("{} cannot be used: {error}", folder.display()))?;
    Ok(folder)
}

/// Permissions and owners.
#[cfg(unix)]
mod access {
    use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
    use std::path::Path;

    /// The permissions of group and others.
    const FOREIGN: u32 = 0o077;

    fn is_own(metadata: &Metadata) -> bool {
        metadata.uid() == rustix::process::geteuid().as_raw()
    }

    pub(super) fn private(options: &mut OpenOptions) {
        options.mode(0o600);
    }

    pub(super) fn private_folder(builder: &mut DirBuilder) {
        builder.mode(0o700);
    }

    pub(super) fn make_folder_private(folder: &Path) -> io::Result<()> {
        let metadata = fs::metadata(folder)?;
        if !is_own(&metadata) {
            return Err(io::Error::other("it belongs to another user"));
        }
        if metadata.mode() & FOREIGN == 0 {
            return Ok(());
        }
        fs::set_permissions(folder, Permissions::from_mode(0o700))
    }

    /// Makes a file private if others could read it, and says so.
    pub(super) fn make_private(file: &File, path: &Path) -> Result<Option<String>, String> {
        let metadata = file.metadata().map_err(|error| format!("it cannot be read: {error}"))?;
        if !is_own(&metadata) {
            return Err("it belongs to another user".to_owned());
        }
        if metadata.mode() & FOREIGN == 0 {
            return Ok(None);
        }
        file.set_permissions(Permissions::from_mode(0o600)).map_err(|error| {
            format!("others can read it, and it cannot be made private: {error}")
        })?;
        Ok(Some(format!(
            "the issued token in {} could be read by others on this machine; it is private again (0600). If somebody may \
             have read it, drop it with  txwatch config forget-token  and have another issued",
            path.display()
        )))
    }
}

/// Files below the user's profile are private by default.
#[cfg(not(unix))]
mod access {
    use std::fs::{DirBuilder, File, OpenOptions};
    use std::io;
    use std::path::Path;

    pub(super) fn private(_: &mut OpenOptions) {}

    pub(super) fn private_folder(_: &mut DirBuilder) {}

    pub(super) fn make_folder_private(_: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn make_private(_: &File, _: &Path) -> Result<Option<String>, String> {
        Ok(None)
    }
}
