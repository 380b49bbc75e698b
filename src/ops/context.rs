//! The context pack: one text within a budget, from the most trusted down.
