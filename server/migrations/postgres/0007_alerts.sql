-- Alerts, their silences, and what is to be sent of them. The release before knows nothing of it and needs not.
create table alerts (
    id text not null primary key,
    environment text not null,
    -- What it is of, while it is not over: of one thing there is one alert at a time. Null once it is.
    open_key text,
    since bigint not null,
    resolved_at bigint,
    -- When nothing more will come of it; null before.
    settled_at bigint,
    -- The whole of it, as JSON (domain/src/alert/life.rs).
    body text not null
);
create unique index alerts_open_key on alerts (open_key);
create index alerts_settled on alerts (settled_at);

create table alert_silences (
    id text not null primary key,
    -- The environment, rule and thing whose alerts are not sent.
    environment text not null,
    rule text not null,
    about text not null,
    begun_at bigint not null,
    -- Until when; earlier than asked for where somebody ended it.
    until_at bigint not null,
    reason text not null,
    by_name text not null
);
create index alert_silences_until on alert_silences (until_at);

-- What is to be sent, to whom, and how that went. A row is written in the transaction that decides it.
create table alert_outbox (
    -- Sent along, so that a receiver can tell a repetition.
    id text not null primary key,
    alert text not null,
    receiver text not null,
    kind text not null,
    -- What is sent first, the smallest number.
    urgency bigint not null,
    -- The notice, as JSON (domain/src/alert/notice.rs).
    body text not null,
    created_at bigint not null,
    -- When it is tried next; null once it was sent or given up.
    due_at bigint,
    attempts bigint not null,
    -- Until then somebody is sending it. Whoever has another number has lost it.
    claimed_until bigint not null,
    sent_at bigint,
    gave_up_at bigint,
    -- Which addresses took it and which did not answer, as JSON (server/src/store/alerts.rs).
    progress text not null,
    -- Why the last attempt failed, in a sentence.
    trouble text not null
);
create unique index alert_outbox_once on alert_outbox (alert, receiver, kind);
create index alert_outbox_due on alert_outbox (due_at);
create index alert_outbox_receiver on alert_outbox (receiver, kind, created_at);

-- Who decides about alerts: one replica at a time.
create table alert_watch (
    name text not null primary key,
    holder text not null,
    -- Counts up with each replica that takes it over.
    fence bigint not null,
    held_until bigint not null
);
