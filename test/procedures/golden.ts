import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { columns, type Column } from '../../src/dialects/capabilities.js';
import type { Parameters, Scene } from '../../src/domain/scene.js';
import { planLines } from '../../src/engine/plan-text.js';
import { planOf } from '../../src/engine/plan.js';
import type { Procedure } from '../../src/engine/procedure.js';

const folder = path.join(import.meta.dirname, '../golden/plans');

export interface GoldenCase {
  readonly title: string;
  readonly scene: (column: Column) => Scene;
  readonly parameters: Parameters;
  /** Columns that have this case. Default all that have a plan. */
  readonly on?: (column: Column) => boolean;
}

/**
 * What people approve and servers are sent, as text, a file for each dialect column. A change shows here.
 * Refresh with `npx vitest run --project rooms test/procedures -u`.
 */
export function goldenPlans(
  procedure: Procedure,
  cases: readonly GoldenCase[],
  /** Columns that have a plan at all. Default all. */
  planned: (column: Column) => boolean = () => true,
): void {
  describe(`plans of ${procedure.name}`, () => {
    it.each(columns.filter(planned).map((column) => [column.name, column] as const))(
      'in the words of %s',
      async (name, column) => {
        const texts = cases
          .filter(({ on }) => on?.(column) !== false)
          .map(({ title, scene: make, parameters }) => {
            const scene = make(column);
            expect(procedure.refusals(scene, parameters), title).toEqual([]);
            expect(procedure.needed(scene, parameters).observed, title).toBe('yes');
            const asked = procedure.asks?.(scene, parameters);
            const notes = [
              ...(asked === undefined ? [] : [`asks: ${asked}`]),
              ...(procedure.remarks?.(scene, parameters) ?? []).map((remark) => `remark: ${remark}`),
            ];
            return [
              `# ${title}`,
              '',
              ...planLines(planOf(procedure, scene, parameters)),
              ...(notes.length === 0 ? [] : ['', ...notes]),
            ].join('\n');
          });
        await expect(`${texts.join('\n\n')}\n`).toMatchFileSnapshot(path.join(folder, procedure.name, `${name}.txt`));
      },
    );
  });
}
