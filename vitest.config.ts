import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { defineConfig } from 'vitest/config';

// Two projects: rooms that need no server, and live scenarios that own real servers. Every file has servers,
// addresses and ports of its own and waits for conditions, never for a time, so three files run side by side: most of their time passes with waiting.
// `forks`, never threads: children are tied to their parent's death, and that follows the spawning thread.
// Vitest asks its workers for colours on CI, and what they start would paint its answers into pipes.
const env = { NO_COLOR: '1' };

/** What takes long first, though its files are short: it would go on alone when all others have ended. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => /\/live\/crash-|\/alerts\/rules/.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
    projects: [
      {
        test: {
          name: 'rooms',
          include: ['test/**/*.test.ts'],
          exclude: ['test/live/**'],
          pool: 'forks',
          env,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'live',
          include: ['test/live/**/*.test.ts'],
          pool: 'forks',
          env,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
