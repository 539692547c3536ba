-- What checks found, for 90 days. Several replicas may each write theirs. The release before knows nothing of it and needs not.
create table check_results (
    environment text not null,
    kind text not null,
    -- When it was asked, microseconds since 1970.
    at bigint not null,
    outcome text not null,
    latency_ms bigint,
    -- After how many seconds the next was due: a longer gap is no answer.
    pause_s bigint not null,
    -- Of what was not ok.
    sentence text,
    primary key (environment, kind, at)
);
create index check_results_at on check_results (at);
-- Sums of what is older, by the hour it begins with, for two years.
create table check_hours (
    environment text not null,
    kind text not null,
    hour bigint not null,
    ok bigint not null,
    warning bigint not null,
    failed bigint not null,
    unknown bigint not null,
    -- Answers whose time was taken, and that time of all of them together.
    timed bigint not null,
    latency_ms bigint not null,
    primary key (environment, kind, hour)
);
