import { describe, expect, it } from '@jest/globals';
import { ERRORS, type ErrorCode } from '#libs/contracts';
import { createLogger } from '#libs/platform';
import { until } from '#libs/testing';
import { isRefusal, RefusalLog, type RefusedRequest } from './refusal-log.js';

interface Line {
  level: string;
  code: string;
  requestId?: string;
  notShown?: number;
}

function logOf(windowMs?: number): { log: RefusalLog; lines: Line[] } {
  const lines: Line[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Line) };
  return { log: new RefusalLog(createLogger({ service: 'test', level: 'info', destination }), windowMs), lines };
}

function request(id: string): RefusedRequest {
  const routeOptions = { url: '/v1/sessions/:id' } as RefusedRequest['routeOptions'];
  return { id, ip: '192.0.2.1', method: 'GET', routeOptions, presented: { credential: 'password' } };
}

function refuse(log: RefusalLog, code: ErrorCode, times: number): void {
  for (let time = 0; time < times; time++) log.tell(code, request(`request-${time}`));
}

describe('the log of refusals', () => {
  it('has a line for each: code, route, address, request and what is known of the credential', () => {
    const { log, lines } = logOf();
    refuse(log, 'CREDENTIAL_INVALID', 1);
    expect(lines).toEqual([
      {
        level: 'warn',
        time: expect.any(String),
        service: 'test',
        code: 'CREDENTIAL_INVALID',
        route: 'GET /v1/sessions/:id',
        address: '192.0.2.1',
        requestId: 'request-0',
        credential: 'password',
        msg: 'a request was refused',
      },
    ]);
    log.close();
  });

  it('shows ten of a flood and counts the rest in one line, and another code still has its own', () => {
    const { log, lines } = logOf();
    refuse(log, 'TOKEN_INVALID', 100_000);
    refuse(log, 'FORBIDDEN', 1);
    expect(lines.map(({ code }) => code)).toEqual([...Array<string>(10).fill('TOKEN_INVALID'), 'FORBIDDEN']);
    log.close();
    expect(lines.slice(11)).toMatchObject([{ code: 'TOKEN_INVALID', notShown: 99_990 }]);
    log.close();
    expect(lines).toHaveLength(12);
  });

  it('says at the end of the window what it held back, and begins anew', async () => {
    const { log, lines } = logOf(20);
    refuse(log, 'TOKEN_INVALID', 12);
    expect(await until(() => lines[10], { describe: 'the window to end' })).toMatchObject({ notShown: 2 });
    refuse(log, 'TOKEN_INVALID', 1);
    expect(lines[11]).toMatchObject({ requestId: 'request-0' });
    log.close();
  });

  it('is for who was not let in, not for wrong requests or a server that fails', () => {
    const told = (Object.keys(ERRORS) as ErrorCode[]).filter(isRefusal);
    const statuses = new Set(told.map((code) => ERRORS[code].status));
    expect(statuses).toEqual(new Set([401, 403, 429, 503]));
    expect(told.filter((code) => ERRORS[code].status === 503)).toEqual(['KILL_SWITCH_ACTIVE']);
    const others = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => !isRefusal(code));
    expect(others.filter((code) => [401, 403, 429].includes(ERRORS[code].status))).toEqual([]);
  });
});
