import { automationRules } from './automation.js';
import { certificateRules } from './certificates.js';
import { exporterRules } from './exporter.js';
import { alertList, type AlertName } from './list.js';
import { subjects, type Listed, type Subject } from './listed.js';
import { duration, outsideDowntime } from './promql.js';
import { replicationRules } from './replication.js';
import type { Alert, BuildRules, Recording } from './rule.js';
import type { Values } from './settings.js';
import { tlsRules } from './tls.js';
import { topologyRules } from './topology.js';

/** One rule file of Prometheus. */
export interface RuleFile {
  readonly name: string;
  readonly subject: Subject;
  readonly text: string;
}

/** Every rule file with these values; needs Prometheus 2.42 or later, which knows keep_firing_for. */
export function ruleFiles(values: Values): readonly RuleFile[] {
  return subjects.map((subject) => ({
    name: `${subject}.rules.yml`,
    subject,
    text: [header, ...groupLines(subject, values), ''].join('\n'),
  }));
}

/** All rules as one file. */
export function ruleText(values: Values): string {
  return [header, ...subjects.flatMap((subject) => groupLines(subject, values)), ''].join('\n');
}

const builders: { readonly [S in Subject]: BuildRules<S> } = {
  replication: replicationRules,
  topology: topologyRules,
  tls: tlsRules,
  certificates: certificateRules,
  exporter: exporterRules,
  automation: automationRules,
};

const header = `# Written by "lockstep alerts"; do not edit: "lockstep alerts --set NAME=VALUE --output DIRECTORY" changes it.
groups:`;

function groupLines(subject: Subject, values: Values): readonly string[] {
  const { recordings, alerts } = builders[subject](values);
  const rules = [
    ...recordings.map(recordingLines),
    ...Object.entries<Alert>(alerts).map(([name, alert]) => alertLines(name, alert, values)),
  ];
  return [`  - name: lockstep-${subject}`, '    rules:', ...rules.map((lines) => asItem(lines))];
}

function recordingLines({ record, expr }: Recording): readonly string[] {
  return [`record: ${record}`, ...block('expr', expr)];
}

function alertLines(name: string, alert: Alert, values: Values): readonly string[] {
  const { severity, subject, procedure, problem, of }: Listed = alertList[name as AlertName];
  const labels = { severity, subject, procedure, problem };
  const annotations = {
    summary: alert.summary,
    description: alert.description,
    runbook_url: `${values.runbook_base.replace(/\/*$/, '/')}${name}.md`,
  };
  return [
    `alert: ${name}`,
    ...block('expr', of === undefined ? outsideDowntime(alert.expr) : alert.expr),
    ...(alert.for === undefined ? [] : [`for: ${duration(values[alert.for])}`]),
    ...(procedure === undefined ? [] : [`keep_firing_for: ${duration(values.keep)}`]),
    'labels:',
    ...Object.entries(labels).flatMap(([key, value]) => (value === undefined ? [] : [`  ${key}: ${value}`])),
    'annotations:',
    ...Object.entries(annotations).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`),
  ];
}

function block(key: string, text: string): readonly string[] {
  return text.includes('\n')
    ? [`${key}: |-`, ...text.split('\n').map((line) => `  ${line}`)]
    : [`${key}: ${JSON.stringify(text)}`];
}

function asItem(lines: readonly string[]): string {
  return lines.map((line, index) => `${index === 0 ? '      - ' : '        '}${line}`).join('\n');
}
