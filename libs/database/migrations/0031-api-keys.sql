-- Keys of people and programs besides the owner's password. Written through ledger.append, with their event; only a hash is kept.
create table ledger.api_key (
  key_id uuid primary key,
  name text not null,
  role text not null check (role in ('owner', 'auditor', 'resource')),
  -- Ids of the only agents that the key sees; null for all.
  agents jsonb,
  secret_hash text not null unique,
  created_by text not null,
  created_at bigint not null,
  revoked_at bigint
);

-- When a key was last used, to the minute. Apart, because it is no decision and no event.
create table ledger.api_key_use (
  key_id uuid primary key references ledger.api_key,
  last_used_at bigint not null
) with (fillfactor = 50);

grant select on ledger.api_key to session_ledger_app;
grant select, insert, update on ledger.api_key_use to session_ledger_app;
