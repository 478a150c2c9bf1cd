import { begins, interval, minute, type Case } from '../case.js';

const here = { job: 'lockstep-main', instance: '10.0.0.1:10104' };
const atHere = 'job="lockstep-main",instance="10.0.0.1:10104"';

export const exporterCases: readonly Case[] = [
  {
    alert: 'LoginRefused',
    when: 'while the session kept from before still serves',
    after: 5 * minute,
    series: { mysql_up: [1, 1], 'mysql_login_failure{reason="access-denied"}': [0, 1] },
    summary: 'Lockstep cannot log in to production/db2',
    description: 'Lockstep cannot log in to production/db2: access-denied. Other alerts of this server may be blind.',
  },
  {
    alert: 'LoginRefused',
    when: 'so that nothing else is known',
    after: 5 * minute,
    series: {
      mysql_up: [1, 0],
      'mysql_down{reason="tls-unverified"}': [0, 1],
      'mysql_login_failure{reason="tls-unverified"}': [0, 1],
    },
    summary: 'Lockstep cannot log in to production/db2',
    description: 'Lockstep cannot log in to production/db2: tls-unverified. Other alerts of this server may be blind.',
  },
  {
    alert: 'LoginRefused',
    when: 'by nobody: ServerDown',
    after: 'never',
    series: {
      mysql_up: [1, 0],
      'mysql_down{reason="refused"}': [0, 1],
      'mysql_login_failure{reason="refused"}': [0, 1],
    },
  },
  {
    alert: 'CollectorFailing',
    after: 5 * minute,
    labels: { cluster: 'production', server: 'db2', collector: 'accounts' },
    series: {
      mysql_up: [1, 1],
      'lockstep_collector_success{collector="accounts"}': [1, 0],
      'lockstep_collector_failure_info{collector="accounts",reason="privilege"}': ['_', 1],
    },
    // A server that is down brings nothing: ServerDown.
    short: { mysql_up: 0 },
    summary: 'The collector accounts fails on production/db2',
    description: 'The collector accounts brings nothing from production/db2: privilege. Alerts on its facts are blind.',
  },
  {
    alert: 'ServerNotProbed',
    after: 5 * minute,
    series: {
      'mysql_server_role{role="replica"}': [1, 1],
      'mysql_server_role{role="primary"}': [0, 0],
      mysql_up: [1, '_'],
    },
    short: { mysql_up: 0 },
    summary: 'Prometheus does not probe production/db2',
    description:
      "Lockstep watches production/db2, and Prometheus has 0 answers of its probe: the server's own alerts are blind.",
  },
  {
    alert: 'ScrapeFailing',
    after: 5 * minute,
    labels: here,
    series: { [`up{${atHere}}`]: [1, 0], 'up{job="node",instance="10.0.0.2:9100"}': [0, 0] },
    summary: 'Prometheus cannot scrape 10.0.0.1:10104 (job lockstep-main)',
    description:
      'Prometheus has not been able to scrape 10.0.0.1:10104 (job lockstep-main) for more than 5m (up is 0).',
  },
  {
    alert: 'ScrapeFailing',
    when: "of a server's probe through one of two Locksteps",
    after: 5 * minute,
    labels: { job: 'lockstep-probe', instance: 'production/db1', lockstep: '10.0.0.2:10104' },
    series: {
      'up{job="lockstep-probe",instance="production/db1",lockstep="10.0.0.1:10104"}': [1, 1],
      'up{job="lockstep-probe",instance="production/db1",lockstep="10.0.0.2:10104"}': [1, 0],
    },
    summary: 'Prometheus cannot scrape production/db1 (job lockstep-probe) through 10.0.0.2:10104',
    description:
      'Prometheus has not been able to scrape production/db1 (job lockstep-probe) through 10.0.0.2:10104 for more than 5m (up is 0).',
  },
  {
    alert: 'LockstepAbsent',
    after: 5 * minute,
    labels: {},
    series: { 'lockstep_build_info{version="1.0.0",node_version="20.20.0"}': [1, '_'] },
    summary: 'No Lockstep is watching',
    description:
      'Prometheus has had 0 metrics of any Lockstep for more than 5m: nobody watches replication, TLS and certificates.',
  },
  {
    alert: 'LockstepAbsent',
    when: 'while another one is there',
    after: 'never',
    series: {
      'lockstep_build_info{job="lockstep-far",version="1.0.0",node_version="20.20.0"}': [1, '_'],
      'lockstep_build_info{job="lockstep-near",version="1.0.0",node_version="20.20.0"}': [1, 1],
    },
  },
  {
    alert: 'ConfigurationReloadFailed',
    after: 5 * minute,
    labels: here,
    series: { [`lockstep_config_last_reload_successful{${atHere}}`]: [1, 0] },
    summary: 'Lockstep at 10.0.0.1:10104 (job lockstep-main) refused its newest configuration',
    description:
      'The newest configuration of Lockstep at 10.0.0.1:10104 (job lockstep-main) was wrong (reload successful: 0); the one before it stays in force.',
  },
  {
    alert: 'ExpositionFaults',
    after: 0.5 * minute,
    keep: -0.5 * minute,
    labels: here,
    series: { [`lockstep_exposition_faults_total{${atHere}}`]: `0x${begins / interval} 2x80` },
    summary: 'Lockstep at 10.0.0.1:10104 (job lockstep-main) left series out of its metrics',
    description:
      'Lockstep at 10.0.0.1:10104 (job lockstep-main) left about 2 series out of its metrics within 10m: a defect to report.',
  },
  {
    alert: 'Watchdog',
    after: 'always',
    labels: {},
    series: {},
    summary: 'The way of alerts works',
    description:
      'This alert always fires (value 1), so that the way from Prometheus through Alertmanager is known to work; be alarmed when it stops.',
  },
];
