-- Whether a channel keeps a witness of the log, its newest signed checkpoint once a day, and since when the current day runs.
alter table deliveries.channel
  add column daily_checkpoint boolean not null default true,
  add column checkpoint_at timestamptz not null default clock_timestamp();
