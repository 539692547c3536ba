//! Signing in, sessions and roles, on a real database.
