//! `atocore export`: the store as JSON lines, a graph or a table.
