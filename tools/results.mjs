// A reporter of vitest for bootstrap.mjs: what came of every file and every test, as JSON in LOCKSTEP_RESULTS.

import { writeFileSync } from 'node:fs';
import path from 'node:path';

export default class Results {
  onTestRunEnd(modules, unhandled) {
    const files = modules.map((module) => ({
      file: path.relative(process.cwd(), module.moduleId),
      live: module.project.name === 'live',
      // A file that cannot be loaded, and hooks outside of every test, have no test of their own to fail.
      errors: [module, ...module.children.allSuites()].flatMap((each) => each.errors()).map(firstLine),
      tests: [...module.children.allTests()].map((test) => ({
        name: test.fullName,
        suite: test.parent.fullName ?? test.name,
        state: test.result().state,
        error: firstLine(test.result().errors?.[0]),
      })),
    }));
    writeFileSync(process.env.LOCKSTEP_RESULTS, JSON.stringify({ files, unhandled: unhandled.map(firstLine) }));
  }
}

function firstLine(error) {
  return String(error?.message ?? '').split('\n')[0];
}
