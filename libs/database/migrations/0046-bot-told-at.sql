-- When the owner was last told that a channel's bot takes no commands. Its messages may arrive all the while, so this is not `told_at`,
-- which the next message that arrives forgets.
alter table deliveries.channel add column bot_told_at timestamptz;
