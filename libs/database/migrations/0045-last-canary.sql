-- The last periodic test message of a channel: whether it arrived is looked up by its id, however many deliveries there are.
alter table deliveries.channel add column canary_delivery uuid;
