import { describe, expect, it } from 'vitest';
import { Announcers } from '../../src/announce/announcers.js';
import type { Announcer, Reading } from '../../src/announce/announcer.js';
import type { AnnounceAction } from '../../src/domain/action.js';
import { db2, patient } from './stage.js';

class Fake implements Announcer {
  readonly acts: string[] = [];
  readonly site;

  constructor(
    name: string,
    readonly work: (act: string, signal: AbortSignal) => Promise<unknown>,
    readsBack = true,
  ) {
    this.site = { name, kind: 'command', words: name, holds: true, readsBack } as const;
  }

  prepare = (server: unknown, signal: AbortSignal) => this.#act('prepare', signal);
  hold = (server: unknown, signal: AbortSignal) => this.#act('hold', signal);
  announce = (server: unknown, signal: AbortSignal) => this.#act('announce', signal);
  restore = (server: unknown, signal: AbortSignal) => this.#act('restore', signal);

  async read(signal: AbortSignal): Promise<Reading> {
    await this.work('read', signal);
    return { found: this.site.name, says: 'db1', holding: false };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #act(act: string, signal: AbortSignal): Promise<void> {
    await this.work(act, signal);
    this.acts.push(act);
  }
}

const announce = (
  announcers: readonly string[],
  how: Pick<AnnounceAction, 'noteAs' | 'mayFail'> = {},
): AnnounceAction => ({
  kind: 'announce',
  act: 'announce',
  announcers,
  primary: db2.name,
  address: db2.address,
  ...how,
});
const quick = () => Promise.resolve();
const never = () => new Promise(() => undefined);
const failing = (message: string) => () => Promise.reject(new Error(message));

describe('the announcers of a cluster', () => {
  it('tells all that are named, and says of each that failed what it said', async () => {
    const [a, b, c] = [new Fake('a', quick), new Fake('b', failing('no way')), new Fake('c', failing('nor here'))];
    const announcers = new Announcers([a, b, c]);
    await expect(announcers.carryOut(announce(['a', 'b', 'c', 'd']), patient)).rejects.toMatchObject({
      code: 'announcement-failed',
      message:
        'b: no way. c: nor here. d: the configuration names no announcer "d" any more. Name it again under `announce`, or plan anew.',
    });
    expect(a.acts).toEqual(['announce']);
    expect(await announcers.carryOut(announce(['a', 'b'], { noteAs: 'told', mayFail: true }), patient)).toEqual({
      told: 'b: no way.',
    });
    expect(await announcers.carryOut(announce(['a'], { noteAs: 'told' }), patient)).toEqual({ told: '' });
    await expect(announcers.carryOut(announce(['b'], { noteAs: 'told' }), patient)).rejects.toThrow('b: no way.');
    expect(await announcers.carryOut(announce(['b'], { mayFail: true }), patient)).toEqual({});
    expect(await announcers.carryOut(announce(['a']), patient)).toEqual({});
  });

  it('waits for none that hangs, and lets nothing newer overtake it', async () => {
    let release = (): void => undefined;
    const hanging = new Promise<void>((resolve) => (release = resolve));
    const a = new Fake('a', (act) => (act === 'announce' ? hanging : quick()));
    const announcers = new Announcers([a, new Fake('b', quick)]);
    await expect(announcers.carryOut(announce(['a', 'b']), AbortSignal.timeout(50))).rejects.toMatchObject({
      code: 'announcement-failed',
    });
    await expect(
      announcers.carryOut({ ...announce(['a']), act: 'restore' }, AbortSignal.timeout(50)),
    ).rejects.toMatchObject({ code: 'announcement-failed' });
    release();
    await announcers.carryOut({ ...announce(['a']), act: 'restore' }, patient);
    expect(a.acts).toEqual(['announce', 'restore']);
  });

  it('reads back all at once, and says of one that cannot be read why', async () => {
    const clock = { now: () => 5, monotonic: () => 5 };
    const [a, b, c] = [new Fake('a', quick), new Fake('b', failing('gone')), new Fake('c', never)];
    const told = await new Announcers([a, b, c, new Fake('mute', quick, false)], clock).readBack(
      AbortSignal.timeout(100),
    );
    expect(told).toEqual([
      { announcer: 'a', says: 'db1', found: 'a', holding: false, failure: undefined, at: 5 },
      { announcer: 'b', says: undefined, found: undefined, holding: false, failure: 'gone', at: 5 },
      {
        announcer: 'c',
        says: undefined,
        found: undefined,
        holding: false,
        failure: expect.any(String) as unknown,
        at: 5,
      },
    ]);
  });
});
