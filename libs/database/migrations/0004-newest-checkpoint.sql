-- The newest checkpoint is the largest, whoever's clock signed it.
create index checkpoint_size on ledger.checkpoint (log, size desc, signed_at desc);
