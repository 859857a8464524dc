import type { CloudEvent } from '#libs/contracts';

/** Told of the agent's news. What is heard is a hint: truth comes from the file and the hand-over. */
export interface UpdateListener {
  /** An event of the agent. May repeat, come late or out of order. */
  hear: (event: CloudEvent) => void;
  /** The subscription is open; `resumed`: it goes on where it stopped, so nothing was missed. */
  opened: (resumed: boolean) => void;
}
