-- People, their sessions, and what they did. The twin of this file is in ../postgres. Never edit one that shipped:
-- docs/adr/0006-store.md says how a change is made. Times are microseconds since 1970.

-- The oldest schema that a program must know to use this database (docs/adr/0006-store.md).
create table compatibility (
    id integer primary key check (id = 1),
    oldest_schema integer not null
) strict;
insert into compatibility (id, oldest_schema) values (1, 1);

-- Written to find out whether writing works.
create table probes (
    id integer primary key check (id = 1),
    times integer not null
) strict;
insert into probes (id, times) values (1, 0);

create table users (
    id text not null primary key,
    -- Lower case.
    name text not null,
    password_hash text,
    issuer text,
    subject text,
    disabled_at integer,
    created_at integer not null,
    check ((issuer is null) = (subject is null))
) strict;
create unique index users_name on users (name);
create unique index users_identity on users (issuer, subject);

create table grants (
    user_id text not null references users (id),
    role text not null,
    scope text not null,
    given_by text not null,
    given_at integer not null,
    primary key (user_id, role, scope)
) strict;

create table sessions (
    -- SHA-256 of the token.
    key blob not null primary key check (length(key) = 32),
    -- Shown in lists.
    id text not null,
    user_id text not null references users (id),
    created_at integer not null,
    seen_at integer not null,
    expires_at integer not null,
    idle_us integer not null,
    source text not null,
    agent text not null,
    ended_at integer
) strict;
create unique index sessions_id on sessions (id);
create index sessions_user on sessions (user_id);

create table attempts (
    -- Hash of what is counted: an account, a source.
    key blob not null primary key,
    times integer not null,
    began_at integer not null
) strict;

create table invitations (
    -- SHA-256 of the token.
    key blob not null primary key check (length(key) = 32),
    created_at integer not null,
    expires_at integer not null,
    used_at integer
) strict;

-- Sign-ins that are on their way through an identity provider.
create table flows (
    -- SHA-256 of `state`.
    key blob not null primary key check (length(key) = 32),
    nonce text not null,
    verifier text not null,
    return_path text not null,
    expires_at integer not null
) strict;

create table ledger (
    -- From 1, without gaps.
    seq integer primary key,
    -- These are copies out of the body, to search by.
    at integer not null,
    kind text not null,
    outcome text not null,
    person_id text not null,
    person_name text not null,
    environment text,
    operation text,
    -- The entry, as JSON.
    body text not null,
    -- The hash of the row before; of the first row, 32 zero bytes.
    previous blob not null check (length(previous) = 32),
    -- SHA-256, see server/src/store/ledger/chain.rs.
    hash blob not null check (length(hash) = 32)
) strict;
create index ledger_environment on ledger (environment, seq);
create index ledger_person on ledger (person_id, seq);
create index ledger_kind on ledger (kind, seq);
create index ledger_operation on ledger (operation);

-- Also keeps `insert or replace` out, which deletes without asking the triggers for deletes.
create trigger ledger_only_grows before insert on ledger
when new.seq is null or new.seq <> (select coalesce(max(seq), 0) + 1 from ledger)
begin
    select raise(abort, 'the ledger only grows: an entry is appended at its end');
end;
create trigger ledger_no_update before update on ledger
begin
    select raise(abort, 'the ledger only grows: no entry is changed');
end;
create trigger ledger_no_delete before delete on ledger
begin
    select raise(abort, 'the ledger only grows: no entry is deleted');
end;
