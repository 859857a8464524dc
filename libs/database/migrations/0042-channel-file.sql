-- What of the channels file was applied last: only a file that says something new may overrule what was changed since.
create table deliveries.channel_file (
  one boolean primary key default true check (one),
  -- Sealed SHA-256: the file holds secrets, some of which could be guessed from a bare digest.
  digest bytea not null,
  applied_at timestamptz not null default clock_timestamp()
);
grant select, insert, update on deliveries.channel_file to session_ledger_app;
