//! `atocore upkeep`: expires, decays and clears the queue.
