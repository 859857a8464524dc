-- The Telegram bot.
create schema bot;
grant usage on schema bot to session_ledger_app;

-- Updates that were taken up. Telegram repeats what it is not sure of; one that is handled stays handled.
create table bot.telegram_update (
  bot_id bigint not null,
  update_id bigint not null,
  attempts int not null default 1,
  received_at timestamptz not null default clock_timestamp(),
  handled_at timestamptz,
  primary key (bot_id, update_id)
);
create index telegram_update_age on bot.telegram_update (received_at);

-- A keyboard does its work once: the first update that uses it keeps it.
create table bot.used_keyboard (
  bot_id bigint not null,
  chat_id bigint not null,
  message_id bigint not null,
  update_id bigint not null,
  used_at timestamptz not null default clock_timestamp(),
  primary key (bot_id, chat_id, message_id)
);
create index used_keyboard_age on bot.used_keyboard (used_at);

grant select, insert, update, delete on all tables in schema bot to session_ledger_app;

-- What operators' tools compare with the code.
grant select on public.session_ledger_migration to session_ledger_app;
