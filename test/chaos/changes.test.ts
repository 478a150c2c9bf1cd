import { expect, it } from 'vitest';
import { columnFor } from '../../src/dialects/capabilities.js';
import type { Scene } from '../../src/domain/scene.js';
import { failover } from '../../src/procedures/failover.js';
import { declaredIn } from '../live/chaos/changes.js';
import { deadPrimary, holding } from '../procedures/dead.js';

const columns = [
  columnFor({ flavour: 'mariadb', release: [10, 11, 0] }),
  columnFor({ flavour: 'mysql', release: [9, 7, 0] }),
];

const remarksOf = (scene: Scene) => (failover.remarks?.(scene, { cluster: 'production', 'accept-loss': 'yes', unfenced: 'no' }) ?? []).join('\n'); // prettier-ignore

it.each(columns)('reads from a plan of $flavour what it says may be lost, and since when', (column) => {
  const scene = deadPrimary(column, { ...holding(column), active: false });
  const [outage] = scene.outlook?.outages ?? [];
  expect(declaredIn(remarksOf(scene))).toEqual({ transactions: 0, since: outage?.lastSeen?.at });
});

it.each(columns)('reads nothing where a plan of $flavour promises that nothing is', (column) => {
  const remarks = remarksOf(deadPrimary(column));
  expect(remarks).toContain('Nothing that was acknowledged is lost');
  expect(declaredIn(remarks)).toBeUndefined();
});
