//! The files of trusted CAs.

use std::path::{Path, PathBuf};

use super::loading::Config;
use super::options::CACERT;
use super::paths;
use super::values::PathText;
use crate::error::Failure;
use crate::named_file;
use crate::transport::{CaFile, SystemCas};

const FILE: &str = "SSL_CERT_FILE";
const FOLDERS: &str = "SSL_CERT_DIR";

impl Config {
    /// The CAs to trust besides: those of `--cacert`, or else of `[defaults]`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn additional_cas(&self, typed: Option<&Path>) -> Result<Option<CaFile>, Failure> {
        if let Some(path) = typed {
            let origin = self.environment.origin_of("cacert", path);
            return self.ca_file(path.to_owned(), origin.to_string()).map(Some);
        }
        let Some(PathText(path)) = self.file_value(&CACERT, None)? else {
            return Ok(None);
        };
        let entry = self.option_entry(CACERT.spec.key, None);
        let origin = entry.map_or_else(String::new, |entry| entry.place(&self.path));
        self.ca_file(paths::expand(&path, self.folder(), &self.environment), origin).map(Some)
    }

    /// The CAs to trust in any case.
    ///
    /// # Errors
    /// The file of `SSL_CERT_FILE` cannot be read.
    pub fn system_cas(&self) -> Result<SystemCas, Failure> {
        let folders = self.environment.get(FOLDERS).unwrap_or_default();
        let folders: Vec<PathBuf> = std::env::split_paths(folders)
            .filter(|folder| !folder.as_os_str().is_empty())
            .collect();
        let file = match self.environment.get(FILE) {
            Some(path) => Some(self.ca_file(path.into(), FILE.to_owned())?),
            None => None,
        };
        if file.is_some() || !folders.is_empty() {
            Ok(SystemCas::Given { file, folders })
        } else if [FILE, FOLDERS].iter().any(|name| self.environment.is_empty(name)) {
            Ok(SystemCas::IgnoringVariables)
        } else {
            Ok(SystemCas::Platform)
        }
    }

    fn ca_file(&self, path: PathBuf, origin: String) -> Result<CaFile, Failure> {
        let name = format!("the CA file {}", path.display());
        let pem = named_file::read(&path, self.reading.limit())
            .map_err(|error| error.into_failure(&name).hint(format!("it is named by {origin}")))?;
        Ok(CaFile { name, origin, pem })
    }
}
