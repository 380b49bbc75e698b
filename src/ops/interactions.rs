//! Interactions, and the memories that they reinforce.
