//! The certificate authorities that peers are trusted by.

use std::path::PathBuf;

use reqwest::{Certificate, ClientBuilder};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::{Failure, config};

/// The contents of a file of CAs (PEM).
#[derive(Clone, Debug)]
pub struct CaFile {
    /// The file with its path, for messages.
    pub name: String,
    /// The option or variable that names it.
    pub origin: String,
    /// What it holds.
    pub pem: Vec<u8>,
}

/// The CAs that are trusted without being added.
#[derive(Clone, Debug, Default)]
pub enum SystemCas {
    /// Those of the operating system, which has no say of its own in variables.
    #[default]
    Platform,
    /// Those of the operating system, whatever `SSL_CERT_FILE` and `SSL_CERT_DIR` are: they are set, but empty.
    IgnoringVariables,
    /// Those of `SSL_CERT_FILE` and `SSL_CERT_DIR`, in place of the operating system's.
    Given {
        /// The file.
        file: Option<CaFile>,
        /// The directories.
        folders: Vec<PathBuf>,
    },
}

/// Sets the CAs that a client trusts.
///
/// # Errors
/// A file has none.
pub(super) fn trusting(
    builder: ClientBuilder,
    system: &SystemCas,
    extra: Option<Vec<Certificate>>,
) -> Result<ClientBuilder, Failure> {
    match of_system(system)? {
        Some(mut certificates) => {
            certificates.extend(extra.unwrap_or_default());
            Ok(builder.tls_certs_only(certificates))
        }
        None => Ok(match extra {
            Some(extra) => builder.tls_certs_merge(extra),
            None => builder,
        }),
    }
}

/// The certificates of a file that adds CAs; each of them has to be valid.
pub(super) fn additional(file: &CaFile) -> Result<Vec<Certificate>, Failure> {
    let certificates = Certificate::from_pem_bundle(&file.pem)
        .map_err(|error| unusable(file, &format!("is not PEM: {error}")))?;
    if certificates.is_empty() {
        Err(unusable(file, "holds no certificate"))
    } else {
        Ok(certificates)
    }
}

/// The certificates in place of the operating system's; none if it is asked for its own.
fn of_system(system: &SystemCas) -> Result<Option<Vec<Certificate>>, Failure> {
    let (file, folders) = match system {
        SystemCas::Platform => return Ok(None),
        SystemCas::IgnoringVariables => return Ok(in_usual_places()),
        SystemCas::Given { file, folders } => (file, folders),
    };
    let mut certificates = Vec::new();
    if let Some(file) = file {
        certificates.extend(usable(CertificateDer::pem_slice_iter(&file.pem).flatten()));
        if certificates.is_empty() {
            return Err(unusable(file, "holds no certificate"));
        }
    }
    for folder in folders {
        let found = rustls_native_certs::load_certs_from_paths(None, Some(folder));
        certificates.extend(usable(found.certs));
    }
    if certificates.is_empty() {
        return Err(config("the directories of SSL_CERT_DIR hold no certificate")
            .hint("unset it to trust the CAs of the operating system"));
    }
    Ok(Some(certificates))
}

/// Those of the operating system where they are files.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn in_usual_places() -> Option<Vec<Certificate>> {
    let places = openssl_probe::probe();
    let file = places.cert_file.as_deref();
    let folders = places.cert_dir.iter().map(|folder| (None, Some(folder.as_path())));
    let sources = [(file, None)].into_iter().chain(folders);
    let found = sources
        .flat_map(|(file, folder)| rustls_native_certs::load_certs_from_paths(file, folder).certs);
    Some(usable(found))
}

#[cfg(not(all(unix, not(target_vendor = "apple"))))]
fn in_usual_places() -> Option<Vec<Certificate>> {
    None
}

/// Those that TLS can use: bundles of systems hold others, too, which are passed over.
fn usable<'a>(certificates: impl IntoIterator<Item = CertificateDer<'a>>) -> Vec<Certificate> {
    let mut store = RootCertStore::empty();
    let certificates = certificates.into_iter().filter_map(|der| {
        let certificate = Certificate::from_der(&der).ok()?;
        store.add(der.into_owned()).ok().map(|()| certificate)
    });
    certificates.collect()
}

fn unusable(file: &CaFile, problem: &str) -> Failure {
    config(format!("{} {problem}", file.name)).hint(format!("it is named by {}", file.origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(all(unix, not(target_vendor = "apple")))]
    #[test]
    fn the_cas_of_the_system_are_found_where_it_has_some() {
        let places = openssl_probe::probe();
        let has_some =
            places.cert_file.is_some_and(|file| file.metadata().is_ok_and(|it| it.len() > 0));
        let found = in_usual_places().unwrap();
        assert!(!has_some || !found.is_empty());
    }

    #[test]
    fn what_is_no_certificate_is_passed_over_in_a_bundle_but_not_alone() {
        let file = |pem: &str| CaFile {
            name: "the CA file x".to_owned(),
            origin: "SSL_CERT_FILE".to_owned(),
            pem: pem.into(),
        };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let given =
            |pem: &str| of_system(&SystemCas::Given { file: Some(file(pem)), folders: vec![] });
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec!["ca".to_owned()]).unwrap();
        let pem = certificate.self_signed(&key).unwrap().pem();
        let bad = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(given(&format!("{bad}{pem}")).unwrap().unwrap().len(), 1);
        for pem in [bad, "", "no PEM"] {
            assert!(given(pem).unwrap_err().to_string().contains("holds no certificate"), "{pem}");
        }
    }
}
