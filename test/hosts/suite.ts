import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import type { HostLimits } from '../../src/hosts/allowed.js';
import type { Host } from '../../src/hosts/host.js';
import { fileCases } from './file-cases.js';
import { limitCases } from './limit-cases.js';
import { programCases } from './program-cases.js';
import type { Stage } from './stage.js';

/** What every kind of host must do alike. `open` is called once `beforeAll` of the caller has run. */
export function hostSuite(
  kind: string,
  open: (limits: HostLimits) => Host,
  { lean = false, ends = true }: Partial<Pick<Stage, 'lean' | 'ends'>> = {},
): void {
  describe(kind, () => {
    const base = mkdtempSync(path.join(tmpdir(), 'lockstep-hosts-'));
    const [allowed, outside] = [path.join(base, 'allowed'), path.join(base, 'outside')];
    const at = (name: string) => path.join(allowed, name);
    let host: Host | undefined;

    beforeAll(() => {
      mkdirSync(allowed);
      mkdirSync(outside);
      writeFileSync(path.join(outside, 'kept'), 'kept');
      host = open({
        paths: [allowed],
        programs: ['/bin/sh', '/usr/bin/no-such-program'],
        services: { good: ['touch', at('restarted')], bad: ['sh', '-c', 'echo broken >&2; exit 3'] },
      });
    });

    // A test that fails leaves something behind, and need not fail the next one.
    beforeEach(() => {
      for (const name of readdirSync(allowed)) rmSync(at(name), { recursive: true });
    });

    afterAll(async () => {
      await host?.close();
      rmSync(base, { recursive: true });
    });

    const stage = {
      get host() {
        if (host === undefined) throw new Error('the host is opened before the tests, not before they are listed');
        return host;
      },
      allowed,
      outside,
      at,
      lean,
      ends,
      signal: new AbortController().signal,
    };
    fileCases(stage);
    limitCases(stage);
    programCases(stage);
  });
}
