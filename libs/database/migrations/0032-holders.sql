-- Assertions of holders that were used: each counts once, on every instance.
create table ledger.used_assertion (
  holder_id uuid not null,
  jti text not null,
  expires_at bigint not null,
  primary key (holder_id, jti)
);
create index used_assertion_expiry on ledger.used_assertion (expires_at);

-- The newest generation that each holder says it runs. No decision rests on it, so it is no event.
create table ledger.holder_receipt (
  holder_id uuid primary key,
  session_id uuid not null,
  generation int not null,
  ended boolean not null,
  acknowledged_at timestamptz not null,
  last_seen_at timestamptz not null
) with (fillfactor = 50);

grant select, insert, delete on ledger.used_assertion to session_ledger_app;
grant select, insert, update on ledger.holder_receipt to session_ledger_app;
