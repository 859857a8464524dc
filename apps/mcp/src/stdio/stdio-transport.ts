import type { Readable, Writable } from 'node:stream';
import { parseJSONRPCMessage, type JSONRPCMessage, type Transport } from '@modelcontextprotocol/server';
import { LineSplitter, type OversizedLine } from './line-splitter.js';
import { versionRefusal } from './protocol-version.js';
import { requestIdIn } from './request-id.js';

const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;
/** Longest message that is read. Bytes. */
export const MAX_MESSAGE = 100 * 1024 * 1024;

export interface StdioTransportOptions {
  input?: Readable;
  output?: Writable;
  /** Longest message, bytes (default 100 MiB). */
  maxMessage?: number;
}

/**
 * MCP over stdio with linear framing. What is no message is answered with a JSON-RPC error and the connection lives;
 * only the end of the input, or an output that nobody reads any more, ends it.
 */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;

  /** Resolves when the connection has ended, whoever ended it. */
  readonly ended: Promise<void>;
  private resolveEnded: () => void = () => undefined;
  private readonly input: Readable;
  private readonly output: Writable;
  private readonly splitter: LineSplitter;
  private readonly maxMessage: number;
  private closed = false;

  constructor(options: StdioTransportOptions = {}) {
    this.input = options.input ?? process.stdin;
    this.output = options.output ?? process.stdout;
    this.maxMessage = options.maxMessage ?? MAX_MESSAGE;
    this.splitter = new LineSplitter(this.maxMessage);
    this.ended = new Promise((resolve) => (this.resolveEnded = resolve));
  }

  start(): Promise<void> {
    this.input.on('data', this.take);
    this.input.on('end', this.end);
    this.input.on('close', this.end);
    this.input.on('error', this.end);
    this.output.on('error', this.end);
    if (this.input.readableEnded || this.input.destroyed) setImmediate(this.end);
    return Promise.resolve();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    await this.write(JSON.stringify(message));
  }

  close(): Promise<void> {
    if (this.closed) return Promise.resolve();
    this.closed = true;
    this.input.off('data', this.take);
    this.input.pause();
    this.resolveEnded();
    this.onclose?.();
    return Promise.resolve();
  }

  private readonly end = (): void => void this.close();

  private readonly take = (chunk: Buffer): void => {
    for (const line of this.splitter.feed(chunk)) {
      if (this.closed) return;
      if (typeof line === 'string') this.takeLine(line);
      else this.refuseOversized(line);
    }
  };

  private takeLine(line: string): void {
    if (line.trim() === '') return;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      this.answerError(null, PARSE_ERROR, 'Parse error: the line is not JSON');
      return;
    }
    let message: JSONRPCMessage;
    try {
      message = parseJSONRPCMessage(value);
    } catch {
      this.answerError(idOf(value), INVALID_REQUEST, 'Invalid request: not a JSON-RPC 2.0 message');
      return;
    }
    const refusal = versionRefusal(message);
    if (refusal !== null && 'id' in message) {
      this.answerError(message.id ?? null, refusal.code, refusal.message, refusal.data);
      return;
    }
    this.onmessage?.(message);
  }

  private refuseOversized(line: OversizedLine): void {
    const text = `Message of ${line.bytes} bytes refused: at most ${this.maxMessage} are read`;
    this.answerError(requestIdIn(line.start.toString('utf8')), INVALID_REQUEST, text);
  }

  private answerError(id: string | number | null, code: number, message: string, data?: unknown): void {
    this.onerror?.(new Error(message));
    void this.write(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, data } })).catch(() => undefined);
  }

  private write(line: string): Promise<void> {
    if (this.closed) return Promise.reject(new Error('The connection is closed'));
    return new Promise((resolve, reject) => {
      this.output.write(`${line}\n`, (error) => (error ? reject(error) : resolve()));
    });
  }
}

function idOf(value: unknown): string | number | null {
  const id = (value as { id?: unknown } | null)?.id;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}
