import { expect, it } from 'vitest';
import { costOf, Stages } from '../../src/actors/copy/backup-stages.js';

it('tells for how long a backup held up its donor, from its own lines', () => {
  let now = 0;
  const stages = new Stages(() => now);
  const at = (time: number, line: string) => {
    now = time;
    stages.note(line);
  };
  at(0, '[00] 2026-11-28 23:14:25 Acquiring BACKUP LOCKS...');
  at(10, '[00] 2026-11-28 23:14:25 Started BACKUP STAGE BLOCK_DDL');
  at(900, '[00] 2026-11-28 23:14:26 Finished BACKUP STAGE BLOCK_DDL');
  expect(costOf('db3', stages)).toBeUndefined();
  at(901, '[00] 2026-11-28 23:14:26 Starting BACKUP STAGE BLOCK_COMMIT');
  at(905, '[00] 2026-11-28 23:14:26 Acquired locks for BACKUP STAGE BLOCK_COMMIT');
  at(913.4, '[00] 2026-11-28 23:14:26 Executing BACKUP STAGE END');
  expect(costOf('db3', stages)).toBe(
    'Commits on db3 waited for the backup for at most 13 ms, DDL and writes to tables without transactions for at most 904 ms.',
  );
});
