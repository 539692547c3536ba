-- People, their sessions, and what they did. The twin of this file is in ../sqlite. Never edit one that shipped:
-- docs/adr/0006-store.md says how a change is made. Times are microseconds since 1970.

-- The oldest schema that a program must know to use this database (docs/adr/0006-store.md).
create table compatibility (
    id bigint primary key check (id = 1),
    oldest_schema bigint not null
);
insert into compatibility (id, oldest_schema) values (1, 1);

-- Written to find out whether writing works.
create table probes (
    id bigint primary key check (id = 1),
    times bigint not null
);
insert into probes (id, times) values (1, 0);

create table users (
    id text not null primary key,
    -- Lower case.
    name text not null,
    password_hash text,
    issuer text,
    subject text,
    disabled_at bigint,
    created_at bigint not null,
    check ((issuer is null) = (subject is null))
);
create unique index users_name on users (name);
create unique index users_identity on users (issuer, subject);

create table grants (
    user_id text not null references users (id),
    role text not null,
    scope text not null,
    given_by text not null,
    given_at bigint not null,
    primary key (user_id, role, scope)
);

create table sessions (
    -- SHA-256 of the token.
    key bytea not null primary key check (octet_length(key) = 32),
    -- Shown in lists.
    id text not null,
    user_id text not null references users (id),
    created_at bigint not null,
    seen_at bigint not null,
    expires_at bigint not null,
    idle_us bigint not null,
    source text not null,
    agent text not null,
    ended_at bigint
);
create unique index sessions_id on sessions (id);
create index sessions_user on sessions (user_id);

create table attempts (
    -- Hash of what is counted: an account, a source.
    key bytea not null primary key,
    times bigint not null,
    began_at bigint not null
);

create table invitations (
    -- SHA-256 of the token.
    key bytea not null primary key check (octet_length(key) = 32),
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint
);

-- Sign-ins that are on their way through an identity provider.
create table flows (
    -- SHA-256 of `state`.
    key bytea not null primary key check (octet_length(key) = 32),
    nonce text not null,
    verifier text not null,
    return_path text not null,
    expires_at bigint not null
);

create table ledger (
    -- From 1, without gaps.
    seq bigint primary key,
    -- These are copies out of the body, to search by.
    at bigint not null,
    kind text not null,
    outcome text not null,
    person_id text not null,
    person_name text not null,
    environment text,
    operation text,
    -- The entry, as JSON.
    body text not null,
    -- The hash of the row before; of the first row, 32 zero bytes.
    previous bytea not null check (octet_length(previous) = 32),
    -- SHA-256, see server/src/store/ledger/chain.rs.
    hash bytea not null check (octet_length(hash) = 32)
);
create index ledger_environment on ledger (environment, seq);
create index ledger_person on ledger (person_id, seq);
create index ledger_kind on ledger (kind, seq);
create index ledger_operation on ledger (operation);

create function ledger_only_grows() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.seq = (select coalesce(max(seq), 0) + 1 from ledger) then
            return new;
        end if;
        raise exception 'the ledger only grows: an entry is appended at its end';
    end if;
    raise exception 'the ledger only grows: no entry is changed or deleted';
end
$$;
create trigger ledger_appended before insert on ledger for each row execute function ledger_only_grows();
create trigger ledger_no_change before update or delete on ledger for each row execute function ledger_only_grows();
create trigger ledger_no_truncate before truncate on ledger for each statement execute function ledger_only_grows();
