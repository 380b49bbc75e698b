//! Raw sources: documents taken in as chunks that can be cited.
