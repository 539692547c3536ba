-- To whom an entry of the ledger was done, to search by; null where it was done to nobody, and in what the release before
-- writes.
alter table ledger add column whom_id text;
alter table ledger add column whom_name text;
create index ledger_whom on ledger (whom_id, seq);
-- Why a session was ended: signed-out, elsewhere, new-sign-in, admin, role, password, disabled. Null where it goes on, ended by
-- time, or was ended by the release before.
alter table sessions add column ended_why text;
