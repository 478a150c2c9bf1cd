import { defineConfig } from 'vitest/config';

// Two projects: rooms that need no server run wide; live scenarios own real servers and run one file at a time,
// because two clusters of MySQL on two cores make every deadline a coin toss.
// `forks`, never threads: children are tied to their parent's death, and that follows the spawning thread.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'rooms',
          include: ['test/**/*.test.ts'],
          exclude: ['test/live/**'],
          pool: 'forks',
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'live',
          include: ['test/live/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
