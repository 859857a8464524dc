import type { OwnerClient } from '#libs/client';
import type { HolderView, SessionView } from '#libs/contracts';
import { everything } from '../everything.js';
import { readStatus, type Status } from '../status/show-status.js';

/** As many sessions as a screen could ever show. */
const MOST = 200;

/** One look at the ledger. */
export interface LiveData {
  status: Status;
  sessions: SessionView[];
  holders: HolderView[];
}

export async function readLiveData(owner: OwnerClient, agentId: string | undefined): Promise<LiveData> {
  const [status, active, ending, holders] = await Promise.all([
    readStatus(owner),
    everything(owner.sessions({ status: 'active', agentId, limit: MOST }), MOST),
    everything(owner.sessions({ status: 'expiring_soon', agentId, limit: MOST }), MOST),
    everything(owner.holders({ agentId }), MOST * 5),
  ]);
  return { status, sessions: [...ending, ...active], holders };
}
