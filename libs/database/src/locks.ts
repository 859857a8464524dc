/** Advisory lock keys of the product, all in one place so that no two features share one. */
export const LOCKS = {
  migration: 7_301_001,
  sequencer: 7_301_002,
  projector: 7_301_003,
  sweep: 7_301_004,
  telegramPoller: 7_301_005,
  notifierConsumer: 7_301_006,
  rebuild: 7_301_008,
  signingKeys: 7_301_007,
  channelConfiguration: 7_301_040,
} as const;
