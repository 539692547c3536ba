-- What autoscalers had and were asked for, every 15 seconds, for a day. Several replicas of the program see the same, and the first
-- to write it does. The release before knows nothing of it and needs not.
create table autoscaler_samples (
    cluster text not null,
    namespace text not null,
    name text not null,
    -- Microseconds since 1970, a multiple of 15 s.
    at integer not null,
    replicas integer not null,
    desired integer not null,
    -- The busiest metric in percent of its target; null when none was known.
    load integer,
    -- How many replicas the metrics asked for; null when none was known.
    asked integer,
    primary key (cluster, namespace, name, at)
) strict;
create index autoscaler_samples_at on autoscaler_samples (at);
