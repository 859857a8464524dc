-- As in 0035, which asked for all at once: the planner compared every head that changed with every other and read their headers as
-- JSON before it looked whether any key is revoked at all. Two questions, the short one first.
create or replace function ledger.refuse_revoked_keys() returns trigger language plpgsql as $$
begin
  if not exists (select from ledger.signing_key k where k.revoked_at is not null) then
    return null;
  end if;
  if exists (
    select from ledger.signing_key k
    where k.revoked_at is not null and exists (
      select from issued i join replaced r using (session_id)
      where i.token_hash is distinct from r.token_hash and i.token_header::jsonb ->> 'kid' = k.kid
    )
  ) then
    raise 'the signing key of this token is revoked' using errcode = 'LG007';
  end if;
  return null;
end $$;
