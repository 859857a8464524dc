-- When the owner was last told that alerts were read too late to be sent.
alter table deliveries.checkpoint add column missed_told_at timestamptz;
