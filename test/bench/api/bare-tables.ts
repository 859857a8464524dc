/** Rows of `bench_head`. */
export const BARE_HEADS = 50_000;

/** The tables of the bare routes: events with one index, and heads of about a session's size, updated in place. */
export const BARE_TABLES = `
create table bench_row (id uuid primary key, payload text not null, at timestamptz default now());
create table bench_head (id int primary key, body text not null, at timestamptz not null) with (fillfactor = 70);
insert into bench_head select id, repeat('x', 1000), now() from generate_series(1, ${BARE_HEADS}) as id;
analyze bench_head;
grant insert on bench_row to session_ledger_app;
grant select, update on bench_head to session_ledger_app`;
