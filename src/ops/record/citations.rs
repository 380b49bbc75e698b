//! Digests of cited documents, kept with the citation: a later change of the document shows.

use crate::model::Result;
use crate::model::entity::SourceDigests;
use crate::model::source_ref::SourceRef;
use crate::store::{View, sources};

/// Returns the digests of the documents among the references that are stored here. A chunk needs
/// none: it keeps its id only as long as it has its text.
pub fn digest_documents(view: &View<'_>, refs: &[String]) -> Result<SourceDigests> {
    let mut digests = SourceDigests::new();
    for reference in refs {
        if let Ok(SourceRef { scheme: "doc", target }) = SourceRef::parse(reference)
            && let Some(document) = sources::of_path(view, target)?
        {
            digests.insert(reference.clone(), document.file_hash);
        }
    }
    Ok(digests)
}
