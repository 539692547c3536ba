-- Resets of demo data on their way, and how they went; and who wants them left alone for a while. What is recorded for good stands in
-- the ledger. The release before knows nothing of it and needs not.
create table demo_resets (
    id text not null primary key,
    environment text not null,
    stage text not null,
    -- The environment while it is on its way: of one environment there is one at a time. Null once it is over.
    open_environment text,
    -- Counts up with each replica that takes it over; whoever has an older number has lost it.
    fence integer not null,
    -- Until then whoever has it need not be doubted.
    held_until integer not null,
    created_at integer not null,
    ended_at integer,
    -- The whole of it, as JSON (domain/src/demo_data/record.rs).
    body text not null
) strict;
create unique index demo_resets_open_environment on demo_resets (open_environment);
create index demo_resets_environment on demo_resets (environment, created_at);

create table demo_reservations (
    environment text not null primary key,
    until_at integer not null,
    -- As JSON (domain/src/demo_data/reservation.rs).
    body text not null
) strict;
