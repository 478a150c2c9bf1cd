import { defineConfig } from 'vitest/config';

// Two projects: rooms that need no server, and live scenarios that own real servers. Every file has servers,
// addresses and ports of its own and waits for conditions, never for a time, so two files run side by side.
// `forks`, never threads: children are tied to their parent's death, and that follows the spawning thread.
export default defineConfig({
  test: {
    maxWorkers: 2,
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
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
