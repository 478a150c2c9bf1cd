import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import type { Command } from 'commander';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ruleText } from '../src/alerts/files.js';
import { alertList, alertNames } from '../src/alerts/list.js';
import { subjects, type Listed } from '../src/alerts/listed.js';
import { duration } from '../src/alerts/promql.js';
import { settingNames, settings, valuesWith } from '../src/alerts/settings.js';
import { changesOf } from '../src/cli/alerts.js';
import { program } from '../src/cli/program.js';
import { problemNames } from '../src/domain/problems.js';
import { findMetric } from '../src/metrics/catalogue.js';

const directory = path.join(import.meta.dirname, '..', 'docs', 'runbooks');
const index = readFileSync(path.join(directory, 'README.md'), 'utf8');
const names = readdirSync(directory)
  .filter((file) => file.endsWith('.md') && file !== 'README.md')
  .map((file) => path.basename(file, '.md'))
  .sort();

const headings = [
  'What it means',
  'Look first',
  'Why it happens',
  'What Lockstep can do about it',
  'By hand',
  'How to know it is over',
  'Threshold and duration',
];

it('has a page for every alert, and an alert for every page', () => {
  expect(names).toEqual([...alertNames].sort());
});

it('lists every page in the index, under its subject and with its severity', () => {
  const sections = index.split(/^### /m).slice(1);
  expect(sections.map((section) => /^\w+/.exec(section)?.[0].toLowerCase())).toEqual([...subjects]);
  const listed = sections.flatMap((section, place) =>
    [...section.matchAll(/^\| \[(\w+)\]\(\w+\.md\) \| (\w+) \|/gm)].map(([, name, severity]) => ({
      name,
      subject: subjects[place],
      severity,
    })),
  );
  const all = Object.entries<Listed>(alertList);
  expect(listed).toEqual(all.map(([name, { subject, severity }]) => ({ name, subject, severity })));
});

it('leads from every problem to the pages of its alerts', () => {
  const rows = [...index.matchAll(/^\| <a id="([a-z-]+)"><\/a>`([a-z-]+)` \| (.+) \|$/gm)];
  const listed = rows.map(([, anchor, problem, pages = '']) => {
    expect(anchor).toBe(problem);
    return [problem, [...pages.matchAll(/\[(\w+)\]/g)].map(([, name]) => name)];
  });
  const all = Object.entries<Listed>(alertList);
  const wanted = problemNames.map((problem) => [
    problem,
    all.filter(([, listedAs]) => listedAs.problem === problem).map(([name]) => name),
  ]);
  expect(listed).toEqual(wanted);
});

it('points only to pages and parts of pages that are there', () => {
  for (const name of ['README', ...names]) expect(brokenLinks(pageOf(name)), name).toEqual([]);
});

describe.each(names)('the page %s', (name) => {
  const page = pageOf(name);
  const alert: Listed | undefined = Object.entries<Listed>(alertList).find(([known]) => known === name)?.[1];

  it('has its title, its severity and every part, none of them empty', () => {
    const [title = '', ...parts] = page.split(/^## /m);
    expect(title).toMatch(new RegExp(`^# ${name}\n\nSeverity: ${alert?.severity ?? ''}\\. `));
    expect(parts.map((part) => part.slice(0, part.indexOf('\n')))).toEqual(headings);
    for (const part of parts) expect(part.slice(part.indexOf('\n')).trim().length).toBeGreaterThan(20);
  });

  it('names only metrics of the catalogue', () => {
    const words = new Set(page.match(/\b(?:mysql|lockstep)_[a-z0-9_]+/g));
    expect([...words].filter((word) => findMetric(word) === undefined && !otherNames.includes(word))).toEqual([]);
  });

  it('has queries that parse, one to a line', () => {
    const queries = blocksOf(page, 'promql').flatMap((block) => block.trim().split('\n'));
    expect(queries.length).toBeGreaterThan(0);
    expect(queries.filter((query) => !isPromql(query))).toEqual([]);
    expect(queries.flatMap(unknownLabels)).toEqual([]);
  });

  it('names the procedure that its alert names', () => {
    const { procedure } = alert ?? {};
    if (procedure !== undefined) expect(page).toContain(`\`${procedure}\``);
  });

  it('has statements for both flavours, each in its own words', () => {
    const blocks = blocksOf(page, 'sql');
    const flavours = new Set(blocks.map((block) => /^-- (MariaDB|MySQL|both)\b/.exec(block)?.[1]));
    const both = flavours.has('both') || (flavours.has('MariaDB') && flavours.has('MySQL'));
    expect(both || page.includes('The servers need no statement'), 'it lacks a flavour').toBe(true);
    for (const block of blocks) expect(wrongWords(block)).toEqual([]);
  });

  it('says every TLS option and the place to start whenever it gives a channel a host', () => {
    for (const statement of blocksOf(page, 'sql').flatMap((block) => withoutComments(block).split(';'))) {
      const [, word] = /\b(MASTER|SOURCE)_HOST=/.exec(statement) ?? [];
      if (word === undefined) continue;
      const options = ['SSL', 'SSL_CA', 'SSL_CERT', 'SSL_KEY', 'SSL_VERIFY_SERVER_CERT'];
      const missing = options.filter((option) => !statement.includes(`${word}_${option}=`));
      expect(missing).toEqual([]);
      expect(statement).toMatch(/MASTER_USE_GTID=slave_pos|SOURCE_AUTO_POSITION=1/);
    }
  });

  it('gives the settings of its rule, as shipped', () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| (\S+) \| .+ \|$/gm)].map(([, setting, shipped]) => [
      setting,
      shipped,
    ]);
    const known = rows.filter(([setting]) => settingNames.some((one) => one === setting));
    expect(known).toEqual(rows.map(([setting]) => [setting, shippedText(setting ?? '')]));
    const { for: wait, keep_firing_for: keep } = ruleOf(name);
    if (wait === undefined) expect(page).toMatch(/at once/);
    else expect(rows.map(([, shipped]) => shipped)).toContain(wait);
    expect(rows.some(([setting]) => setting === 'keep')).toBe(keep !== undefined);
  });
});

describe('the commands of the pages', () => {
  let lockstep: Command;
  beforeAll(async () => {
    lockstep = await program(undefined);
  });

  it.each(['README', ...names])('are there, with their options: %s', (name) => {
    const lines = blocksOf(pageOf(name), 'sh').flatMap((block) => block.split('\n'));
    for (const line of lines.map((one) => one.trim()).filter((one) => one.startsWith('lockstep ')))
      if (!coming.includes(line.split(' ')[1] ?? '')) expect(unknownIn(line, lockstep), line).toEqual([]);
  });

  it('are there but for those that are named as coming', () => {
    expect(coming.filter((name) => lockstep.commands.some((one) => one.name() === name))).toEqual([]);
  });

  it('set only settings that there are, to values that they take', () => {
    const given = names.flatMap((name) => [...pageOf(name).matchAll(/--set ('[^']+'|\S+?='[^']+'|\S+)/g)]);
    expect(given.length).toBeGreaterThan(40);
    for (const [, setting = ''] of given) expect(() => changesOf([setting.replaceAll("'", '')])).not.toThrow();
  });
});

/** Commands of the contract in docs/architecture.md that this version lacks; one that is there goes from this list. */
const coming: readonly string[] = [];

/** Words that begin like a metric and are an account, a plugin's file, a channel of TLS. */
const otherNames = ['lockstep_monitor', 'mysql_clone', 'mysql_main'];

/** What a statement for one flavour must not say. `both` takes neither's words. */
const foreign = {
  MariaDB: /\b(?:REPLICAS?|SOURCE_\w+|super_read_only|PERSIST|RELOAD TLS|AUTO_POSITION|gtid_executed)\b/,
  MySQL: /\b(?:SLAVES?|MASTER(?:_\w+)?|gtid_slave_pos|gtid_binlog_\w+|FLUSH LOCAL)\b/,
  both: /\b(?:REPLICAS?|SLAVES?|MASTER(?:_\w+)?|SOURCE_\w+|super_read_only|PERSIST)\b/,
} as const;

/** FLUSH SSL and FLUSH HOSTS without LOCAL run on every replica. */
const harmful = /\bFLUSH (?:SSL|HOSTS)\b/;

function wrongWords(block: string): readonly string[] {
  const [, flavour] = /^-- (MariaDB|MySQL|both)\b/.exec(block) ?? [];
  if (flavour !== 'MariaDB' && flavour !== 'MySQL' && flavour !== 'both') return [`no flavour: ${block}`];
  const statements = withoutComments(block);
  const found = [foreign[flavour].exec(statements)?.[0], harmful.exec(statements)?.[0]];
  return found.filter((word) => word !== undefined);
}

function withoutComments(block: string): string {
  return block.replace(/--.*$/gm, '');
}

function pageOf(name: string): string {
  return readFileSync(path.join(directory, `${name}.md`), 'utf8');
}

function blocksOf(page: string, language: string): readonly string[] {
  return [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .filter(([, found]) => found === language)
    .map(([, , text = '']) => text);
}

function isPromql(query: string): boolean {
  let sound = true;
  parser.parse(query).iterate({
    enter: ({ type }) => {
      if (type.isError) sound = false;
    },
  });
  return sound;
}

/** Labels that no metric of the query has, and that neither Prometheus nor the query itself gives. */
function unknownLabels(query: string): readonly string[] {
  const metrics = (query.match(/\b[a-z_]+\b/g) ?? []).flatMap((word) => findMetric(word)?.labels ?? []);
  const given = [
    'job',
    'instance',
    'alertname',
    ...[...query.matchAll(/count_values[^"]*"(\w+)"/g)].map(([, label]) => label),
  ];
  const grouped = [...query.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '));
  const matched = [...query.matchAll(/[{,] ?(\w+)(?:=~|!=|!~|=)"/g)].map(([, label = '']) => label);
  return [...grouped, ...matched].filter((label) => !metrics.includes(label) && !given.includes(label));
}

function brokenLinks(page: string): readonly string[] {
  return [...page.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)]
    .filter(([, file = '', anchor]) => {
      const target = path.join(directory, file);
      if (!existsSync(target)) return true;
      return anchor !== undefined && !anchorsOf(file === '' ? page : readFileSync(target, 'utf8')).includes(anchor);
    })
    .map(([link]) => link);
}

/** As GitHub makes them. */
function anchorsOf(page: string): readonly string[] {
  return [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

/** The command, subcommand and options of a line that the command line does not know. */
function unknownIn(line: string, lockstep: Command): readonly string[] {
  const [, ...words] = (line.split(/ [|>#] ?/)[0] ?? '').trim().split(/\s+/);
  let command = lockstep;
  const unknown: string[] = [];
  for (const [place, word] of words.entries()) {
    const sub = command.commands.find((one) => one.name() === word);
    if (sub !== undefined) command = sub;
    else if (place === 0 || (place === 1 && command.commands.length > 0)) unknown.push(word);
    else if (word.startsWith('--') && !command.options.some(({ long }) => long === word.split('=')[0]))
      unknown.push(word);
  }
  return unknown;
}

interface Rule {
  readonly alert?: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
}

const { groups } = parse(ruleText(valuesWith())) as { readonly groups: readonly { readonly rules: readonly Rule[] }[] };

function ruleOf(name: string): Rule {
  return groups.flatMap(({ rules }) => rules).find(({ alert }) => alert === name) ?? {};
}

function shippedText(name: string): string | undefined {
  const setting = Object.entries(settings).find(([known]) => known === name)?.[1];
  if (setting === undefined) return undefined;
  const { unit, value } = setting;
  if (typeof value === 'string') return value;
  if (unit === 'duration') return duration(value);
  return unit === 'bytes' ? `${value / 2 ** 30}GiB` : String(value);
}
