//! The rows against a naive model.
