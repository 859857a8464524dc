-- A revoked signing key is worth nothing at once, on every instance, whatever each of them remembers of the keys.

-- Counts the changes of signing keys. Every authentication reads it with the head: an instance that knows less reads the keys again.
create table ledger.signing_key_version (
  only_row boolean primary key default true check (only_row),
  version bigint not null
) with (fillfactor = 50);
insert into ledger.signing_key_version (version) values (0);
grant select on ledger.signing_key_version to session_ledger_app;

create function ledger.count_signing_key_change() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  update ledger.signing_key_version v set version = v.version + 1;
  return null;
end $$;
create trigger changed after insert or update or delete on ledger.signing_key
  for each statement execute function ledger.count_signing_key_change();

-- The last net: no token is recorded that was signed with a revoked key, although its maker did not know.
create function ledger.refuse_revoked_key() returns trigger language plpgsql as $$
begin
  if exists (
    select from ledger.signing_key k where k.kid = new.token_header::jsonb ->> 'kid' and k.revoked_at is not null
  ) then
    raise 'the signing key of this token is revoked' using errcode = 'LG007';
  end if;
  return null;
end $$;
create trigger issued after insert on ledger.session_head
  for each row execute function ledger.refuse_revoked_key();
create trigger issued_again after update of token_hash on ledger.session_head
  for each row when (new.token_hash is distinct from old.token_hash)
  execute function ledger.refuse_revoked_key();

revoke all on function ledger.count_signing_key_change, ledger.refuse_revoked_key from public;
