-- Operations on their way, and how they went. What is recorded for good stands in the ledger; this is what a replica of the
-- program needs to carry one on that another began. The release before knows nothing of it and needs not.
create table operations (
    id text not null primary key,
    environment text not null,
    stage text not null,
    -- The target while it is on its way: of one target there is one at a time. Null once it is over.
    open_target text,
    -- Counts up with each replica that takes it over; whoever has an older number has lost it.
    fence integer not null,
    -- Until then whoever has it need not be doubted.
    held_until integer not null,
    -- When it is looked at next after its end; null when it is not.
    watch_at integer,
    created_at integer not null,
    ended_at integer,
    -- The whole of it, as JSON (domain/src/operation/record.rs).
    body text not null
) strict;
create unique index operations_open_target on operations (open_target);
create index operations_watch on operations (watch_at);
create index operations_environment on operations (environment, created_at);
