-- The language of a channel's messages, and the hours in which it is not to disturb: { from, to, timeZone }.
alter table deliveries.channel
  add column language text not null default 'en' check (language in ('en', 'ko')),
  add column quiet_hours jsonb;

-- Whose wish a message that was put off waits for, so that it is looked at again when the wish ends.
alter table deliveries.delivery
  add column postponed_by text check (postponed_by in ('snooze', 'quiet_hours'));
