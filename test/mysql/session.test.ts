import { afterEach, describe, expect, it } from 'vitest';
import { DeadlineError, deadline } from '../../src/base/deadline.js';
import { Secret } from '../../src/base/secret.js';
import { QueryError, type Session, SessionLost, openSession } from '../../src/mysql/session.js';
import { type Impostor, type Wire, errorPacket, greeting, impostor, okPacket } from './impostor.js';

const opened: Impostor[] = [];

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

/** A session in plaintext with a server that plays by the test from the first query on. */
async function sessionWith(play: (wire: Wire, query: string) => unknown): Promise<Session> {
  const server = await impostor(async (wire) => {
    wire.send(greeting({ tls: false }));
    await wire.receive();
    wire.send(okPacket);
    for (;;) {
      const packet = await wire.receive();
      if (packet[0] === 1) wire.hangUp();
      else await play(wire, packet.toString('utf8', 1));
    }
  });
  opened.push(server);
  const target = {
    address: server.address,
    user: 'u',
    password: () => Promise.resolve(new Secret('p')),
    tls: undefined,
  };
  return openSession(target, { signal: AbortSignal.timeout(2000) });
}

const soon = () => AbortSignal.timeout(2000);

describe('a session', () => {
  it('destroys the connection when the signal aborts, and rejects with its reason', async () => {
    const session = await sessionWith(() => undefined);
    const { signal, clear } = deadline(50);
    await expect(session.query('SELECT SLEEP(60)', { signal })).rejects.toBeInstanceOf(DeadlineError);
    clear();
    expect(session.closed).toBe(true);
    await opened[0]?.deserted();
    await expect(session.query('SELECT 1', { signal: soon() })).rejects.toBeInstanceOf(SessionLost);
  });

  it('sends nothing when the signal has aborted already, and lives on', async () => {
    const session = await sessionWith((wire) => wire.send(okPacket));
    await expect(session.query('DO 1', { signal: AbortSignal.abort(new Error('over')) })).rejects.toThrow('over');
    expect(session.closed).toBe(false);
    expect(await session.query('DO 1', { signal: soon() })).toEqual([[]]);
    session.close();
  });

  it('tells every query and listener that the server hung up', async () => {
    const session = await sessionWith((wire) => wire.hangUp());
    const closed = new Promise<void>((resolve) => session.onClose(resolve));
    const queries = [session.query('SELECT 1', { signal: soon() }), session.query('SELECT 2', { signal: soon() })];
    for (const outcome of await Promise.allSettled(queries))
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'connection-lost' } });
    await closed;
    expect(session.closed).toBe(true);
    session.onClose(() => undefined);
    session.close();
    await session.end();
  });

  it('lives on after a refused statement, whose error quotes no SQL', async () => {
    const session = await sessionWith((wire, query) => {
      wire.send(
        query.startsWith('SET')
          ? errorPacket(1064, "You have an error near ''hunter2''", '42000')
          : errorPacket(1227, 'Access denied; you need SUPER', '42000'),
      );
    });
    const syntax = await session.query("SET PASSWORD 'hunter2'", { signal: soon() }).catch((error: unknown) => error);
    expect(syntax).toBeInstanceOf(QueryError);
    expect(syntax).toMatchObject({ errno: 1064, sqlState: '42000', code: 'ER_PARSE_ERROR', statement: 0 });
    expect(String(syntax)).not.toContain('hunter2');
    expect(JSON.stringify(syntax)).not.toContain('hunter2');
    const denied = await session.query('SHOW', { signal: soon() }).catch((error: unknown) => error);
    expect(String(denied)).toContain('you need SUPER');
    expect(session.closed).toBe(false);
    session.close();
  });

  it('says goodbye and waits for the server, but not for long', async () => {
    const polite = await sessionWith(() => undefined);
    const began = performance.now();
    await polite.end();
    expect(polite.closed).toBe(true);
    expect(performance.now() - began).toBeLessThan(900);
    const deaf = await sessionWith(() => undefined);
    const hanging = deaf.query('SELECT SLEEP(60)', { signal: soon() }).catch((error: unknown) => error);
    await deaf.end();
    expect(deaf.closed).toBe(true);
    expect(await hanging).toBeInstanceOf(SessionLost);
  });
});
