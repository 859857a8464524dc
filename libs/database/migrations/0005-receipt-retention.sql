-- Receipts are kept for a time: a command is not repeated weeks later. Small batches, so that nobody's horizon is held.
create index receipt_age on ledger.receipt (recorded_at);

create function ledger.forget_receipts(p_days int, p_limit int) returns int language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count int;
begin
  if p_days < 1 then
    raise 'receipts are kept for a day at least' using errcode = 'LG012';
  end if;
  delete from ledger.receipt r
  where (r.scope, r.key) in (
    select o.scope, o.key from ledger.receipt o
    where o.recorded_at < clock_timestamp() - p_days * interval '1 day'
    order by o.recorded_at limit p_limit
  );
  get diagnostics v_count = row_count;
  return v_count;
end $$;

revoke all on function ledger.forget_receipts from public;
grant execute on function ledger.forget_receipts to session_ledger_app;
