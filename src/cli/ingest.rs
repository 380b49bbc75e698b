//! `atocore ingest`: documents into the store.
