-- Requests with an Idempotency-Key whose change is no event: what they came to, for when they come again.
create table ledger.answered_request (
  scope text not null,
  key text not null,
  fingerprint bytea not null,
  -- Ids of what was made or changed; never a secret. Written in the transaction of the change.
  outcome jsonb,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (scope, key)
);
create index answered_request_age on ledger.answered_request (recorded_at);
grant select, insert, update, delete on ledger.answered_request to session_ledger_app;
