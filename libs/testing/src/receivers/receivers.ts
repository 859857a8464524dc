/** A far end that counts what arrived. */
export interface Receiver {
  /** Messages that arrived whole, whatever the answer was; not counted is what the sender must say once more in other words. */
  readonly callCount: number;
}

/** PEM, as servers take it. */
export interface ServerCertificate {
  key: string;
  cert: string;
}

const byPort = new Map<number, Receiver>();

/** Called by each receiver at its start; a port that is used again belongs to the later one. */
export function rememberReceiver(port: number, receiver: Receiver): void {
  byPort.set(port, receiver);
}

/** The receiver of this process that a URL on loopback points to, also when it has stopped listening. */
export function receiverAt(url: string | undefined): Receiver | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { hostname, port } = new URL(url);
  return /^(127\.0\.0\.1|localhost|\[::1\])$/.test(hostname) ? byPort.get(Number(port)) : undefined;
}
