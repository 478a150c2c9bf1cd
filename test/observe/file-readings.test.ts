import { describe, expect, it } from 'vitest';
import type { Certificate } from '../../src/domain/certificate.js';
import { FileReadings } from '../../src/observe/file-readings.js';
import { certificate, lookedAt, healthy } from '../domain/build.js';

/** A machine whose files are read when it is told to answer. */
class Machine {
  readonly #waiting: (() => void)[] = [];
  print = 'aa';
  reads = 0;
  silent = false;

  read(): Promise<readonly Certificate[]> {
    this.reads += 1;
    const found = [certificate({ fingerprint: this.print })];
    if (!this.silent) return Promise.resolve(found);
    return new Promise((answer) => this.#waiting.push(() => answer(found)));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  answer(): void {
    this.silent = false;
    for (const answer of this.#waiting.splice(0)) answer();
  }
}

describe('certificate files that looks read', () => {
  const [first] = healthy('mariadb').servers;
  const facts = first?.facts;
  if (facts === undefined) throw new Error('no facts');
  const login = () => ({ opened: {}, login: { at: lookedAt, failure: undefined, handshake: undefined } });

  function stage(): {
    machine: Machine;
    readings: FileReadings;
    prints: (of: Awaited<ReturnType<FileReadings['read']>>) => unknown;
  } {
    // prettier-ignore
    const machine = new Machine();
    const readings = new FileReadings(machine, undefined, 200);
    const prints = (of: Awaited<ReturnType<FileReadings['read']>>) => of?.certificates[0]?.certificate?.fingerprint;
    return { machine, readings, prints };
  }

  it('are read once per login', async () => {
    const { machine, readings, prints } = stage();
    const now = login();
    expect(prints(await readings.read(now, facts))).toBe('aa');
    const { reads } = machine;
    machine.print = 'bb';
    expect(prints(await readings.read(now, facts))).toBe('aa');
    expect(machine.reads).toBe(reads);
    expect(prints(await readings.readAnew(login(), facts))).toBe('bb');
  });

  it('are those of before while the machine is silent, but for a look that wants those of now', async () => {
    const { machine, readings, prints } = stage();
    await readings.read(login(), facts);
    machine.silent = true;
    expect(prints(await readings.read(login(), facts))).toBe('aa');
    expect(await readings.readAnew(login(), facts)).toBeUndefined();
    expect(await readings.readAnew(login(), facts)).toBeUndefined();
    machine.print = 'bb';
    machine.answer();
    expect(prints(await readings.readAnew(login(), facts))).toBe('bb');
  });

  it('of a look that wants those of now are read once a reading of before is over', async () => {
    const { machine, readings, prints } = stage();
    machine.silent = true;
    const before = readings.read(login(), facts);
    machine.print = 'bb';
    const now = readings.readAnew(login(), facts);
    machine.answer();
    expect([prints(await before), prints(await now)]).toEqual(['aa', 'bb']);
  });

  it('are none where Lockstep cannot reach them', async () => {
    const readings = new FileReadings(undefined, undefined, 200);
    expect([await readings.read(login(), facts), await readings.readAnew(login(), facts)]).toEqual([undefined, undefined]); // prettier-ignore
  });
});
