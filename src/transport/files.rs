//! Open files: a socket is one, and a process may have only so many.

/// What a process may need besides its push connections: standard streams, requests, looking up names, a
/// token's command. Where few files are allowed at all, half of them have to do.
const RESERVE: usize = 100;

/// How many of these connections can be open at once, each of which takes so many files. Raises the
/// limit, as far as it may be raised, if it does not allow them all.
pub(super) fn capacity(connections: usize, files_each: usize) -> usize {
    let wanted = connections * files_each + RESERVE;
    // Where the limit cannot be told, there is no reason to expect less.
    let allowed = rlimit::increase_nofile_limit(wanted as u64).unwrap_or(u64::MAX);
    let allowed = usize::try_from(allowed).unwrap_or(usize::MAX);
    connections.min((allowed - RESERVE.min(allowed / 2)) / files_each)
}
