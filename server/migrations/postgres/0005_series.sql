-- Who wants nothing to be begun after an operation of a series; null while it goes on. The release before knows no series.
alter table operations add column stopped_by text;
