import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { frameLines, type Frame } from '../../src/cli/run-frame.js';
import { agoWords, clean, spanWords, wrapped } from '../../src/cli/words.js';
import type { RunView, StepView } from '../../src/engine/run.js';
import { MemoryAutomation } from '../http/automation.js';

const plain = pc.createColors(false);

async function frameOf(changes: Partial<RunView>, more: Partial<Frame> = {}): Promise<Frame> {
  const automation = new MemoryAutomation();
  const { run } = await automation.request({
    procedure: 'restart-replication',
    parameters: { cluster: 'shop', server: 'db2', channel: 'east' },
    mode: 'auto',
    trigger: { kind: 'person', by: 'local:alice' },
  });
  return {
    run: { ...run, ...changes },
    began: new Map(),
    took: new Map(),
    now: 0,
    at: automation.now,
    note: undefined,
    columns: 100,
    rows: 30,
    ...more,
  };
}

function steps(...statuses: readonly StepView['status'][]): readonly StepView[] {
  return statuses.map((status, index) => ({ id: `s${index}`, title: `Step ${index}`, section: 's', status }));
}

describe('the picture of a run', () => {
  it('shows each step as it stands, and how long it took or takes', async () => {
    const frame = await frameOf(
      { state: 'running', steps: steps('done', 'skipped', 'running', 'pending', 'failed', 'undone') },
      { took: new Map([['s0', 1234]]), began: new Map([['s2', 1000]]), now: 4000 },
    );
    expect(frameLines(frame, plain)).toEqual([
      `restart-replication on shop/db2, channel east  ${frame.run.id}`,
      'running',
      '  ✔ Step 0 1.2 s',
      '  – Step 1',
      '  ⠋ Step 2 3.0 s',
      '  · Step 3',
      '  ✖ Step 4',
      '  ↶ Step 5',
    ]);
  });

  it('says what it waits for, what lifts that, and for how long', async () => {
    const guard = { guard: 'paused', why: 'shop is paused', remedy: 'lockstep unpause --cluster shop' } as const;
    const [, line] = frameLines(await frameOf({ guard }), plain);
    expect(line).toBe('waits (paused)  shop is paused. lockstep unpause --cluster shop (expires in 60 min)');
  });

  it('fits the terminal, whatever the run is, and keeps the step at work in sight', async () => {
    const statuses = fc.array(fc.constantFrom('done', 'running', 'pending', 'failed'), { minLength: 1, maxLength: 60 });
    const seed = Date.now();
    await fc.assert(
      fc.asyncProperty(
        statuses,
        fc.integer({ min: 4, max: 80 }),
        fc.integer({ min: 5, max: 40 }),
        fc.boolean(),
        async (all, columns, rows, colour) => {
          // prettier-ignore
          const frame = await frameOf({ state: 'undoing', why: 'it is taken back', steps: steps(...all) }, { columns, rows, note: 'nobody answers' }); // prettier-ignore
          const lines = frameLines(frame, pc.createColors(colour));
          expect(lines.length, `seed ${seed}`).toBeLessThan(rows);
          for (const line of lines) expect(stripVTControlCharacters(line).length, `seed ${seed}`).toBeLessThan(columns);
          const at = all.findLastIndex((status) => status !== 'pending');
          if (at !== -1 && columns > 20) expect(lines.join('\n'), `seed ${seed}`).toContain(`Step ${at}`);
        },
      ),
      { numRuns: 200, seed },
    );
  });
});

describe('words', () => {
  it('are spans and moments that a person takes in', () => {
    expect([0.04, 9.9, 42, 119, 121, 7300, 200_000].map(spanWords)).toEqual(['0.0 s', '9.9 s', '42 s', '119 s', '2 min', '2 h', '2 days']); // prettier-ignore
    expect([agoWords(1000, 3000), agoWords(3_601_000, 1000)]).toEqual(['2 s ago', 'in 60 min']);
  });

  it('wrap below where they began, never inside a word, and not in a pipe', () => {
    const line = '     db2: START SLAVE SQL_THREAD;';
    expect(wrapped(line, 20)).toBe('     db2: START\n       SLAVE\n       SQL_THREAD;');
    expect(wrapped(line, undefined)).toBe(line);
    expect(wrapped('averyveryverylongword', 5)).toBe('averyveryverylongword');
  });

  it('move no cursor', () => {
    expect(clean('a\u001b[2J\r\n\u009b\u202eb')).toBe('a�[2J����b');
  });
});
