//! Types, rules and views: decides, without I/O, clock or async.
