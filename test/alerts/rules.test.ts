import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ruleFiles } from '../../src/alerts/files.js';
import { alertList, alertNames } from '../../src/alerts/list.js';
import { subjects, type Listed, type Subject } from '../../src/alerts/listed.js';
import { valuesWith } from '../../src/alerts/settings.js';
import { promtool } from '../../src/sandbox/programs.js';
import { testFile, type Case } from './case.js';
import { automationCases } from './cases/automation.js';
import { certificateCases } from './cases/certificates.js';
import { exporterCases } from './cases/exporter.js';
import { replicationCases } from './cases/replication.js';
import { tlsCases } from './cases/tls.js';
import { topologyCases } from './cases/topology.js';

const folder = path.join(import.meta.dirname, '../../alerts');
const files = ruleFiles(valuesWith());

const cases: Readonly<Record<Subject, readonly Case[]>> = {
  replication: replicationCases,
  topology: topologyCases,
  tls: tlsCases,
  certificates: certificateCases,
  exporter: exporterCases,
  automation: automationCases,
};

describe('alerts/', () => {
  it.each(files)('$name is what the builders write: `npm run alerts` refreshes it', async ({ name, text }) => {
    expect(await readFile(path.join(folder, name), 'utf8')).toBe(text);
  });

  it('holds nothing else', async () => {
    const found = await readdir(folder, { recursive: true });
    const tests = subjects.map((subject) => path.join('tests', `${subject}.test.yml`));
    expect(found.sort()).toEqual([...files.map(({ name }) => name), 'tests', ...tests].sort());
  });

  it('passes promtool check rules', async () => {
    const { code, output } = await promtool([
      'check',
      'rules',
      '--lint-fatal',
      ...files.map(({ name }) => path.join(folder, name)),
    ]);
    expect(output).not.toMatch(/FAILED|duplicate/);
    expect(code).toBe(0);
  });
});

describe('unit tests', () => {
  it('there are for every alert', () => {
    const fired = subjects.flatMap((subject) => cases[subject].filter(({ after }) => after !== 'never'));
    expect(alertNames.filter((name) => !fired.some(({ alert }) => alert === name))).toEqual([]);
  });

  it.each(subjects)(
    'of %s pass',
    async (subject) => {
      const file = path.join(folder, 'tests', `${subject}.test.yml`);
      const ofSubject = cases[subject];
      const others = ofSubject.filter(({ alert }) => (alertList[alert] as Listed).subject !== subject);
      expect(others).toEqual([]);
      await expect(testFile(`${subject}.rules.yml`, ofSubject)).toMatchFileSnapshot(file);
      const { code, output } = await promtool(['test', 'rules', file]);
      expect(code, output).toBe(0);
    },
    120_000,
  );
});
