-- Keys that sign session tokens. The private part is sealed with the data directory's key: a dump alone opens nothing.
create table ledger.signing_key (
  kid text primary key,
  public_key jsonb not null,
  private_key bytea,
  created_at bigint not null,
  -- Epoch seconds from which tokens are signed with it; null until its event is in the ledger.
  signs_from bigint,
  revoked_at bigint
);
grant select, insert, update on ledger.signing_key to session_ledger_app;
