-- What checks found, for 90 days. Several replicas may each write theirs. The release before knows nothing of it and needs not.
create table check_results (
    environment text not null,
    kind text not null,
    -- When it was asked, microseconds since 1970.
    at integer not null,
    outcome text not null,
    latency_ms integer,
    -- After how many seconds the next was due: a longer gap is no answer.
    pause_s integer not null,
    -- Of what was not ok.
    sentence text,
    primary key (environment, kind, at)
) strict, without rowid;
create index check_results_at on check_results (at);
-- How each whole hour of a check was spent, by the number of the hour since 1970, for two years: what is older than two days is read
-- from here.
create table check_hours (
    environment text not null,
    kind text not null,
    hour integer not null,
    -- Microseconds in which it worked, and did not. The rest is unknown.
    up integer not null,
    down integer not null,
    -- When it worked last within the hour, microseconds since 1970.
    last_good integer,
    primary key (environment, kind, hour)
) strict, without rowid;
create index check_hours_hour on check_hours (hour);
