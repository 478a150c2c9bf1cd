import { duration, fact, indented, ofServer, perLockstep, selector, server } from './promql.js';
import type { BuildRules } from './rule.js';
import { aliveReasons, down } from './topology.js';
import { aServer, asCount, asNumber, labelOfCollector, labelOfServer, theLockstep } from './words.js';

/** What is scraped: Lockstep's own page, or a server's through the Lockstep that names it at /sd. */
const theTarget = `${theLockstep}{{ with $labels.lockstep }} through {{ . }}{{ end }}`;

export const exporterRules: BuildRules<'exporter'> = (values) => ({
  recordings: [],
  alerts: {
    LoginRefused: {
      expr: `(\n  ${ofServer('mysql_login_failure')} == 1\n  or\n  ${ofServer('mysql_down', { reason: aliveReasons })} == 1\n)\nunless on (${server})\n(\n${indented(down)}\n)`,
      for: 'scrape',
      summary: `Lockstep cannot log in to ${aServer}`,
      description: `Lockstep cannot log in to ${aServer}: ${labelOfServer('mysql_login_failure', 'reason', 'unknown')}. Other alerts of this server may be blind.`,
    },
    CollectorFailing: {
      expr: `${fact('lockstep_collector_success', ['cluster', 'server', 'collector'])} == 0\nand on (${server})\n${ofServer('mysql_up')} == 1`,
      for: 'scrape',
      summary: `The collector {{ $labels.collector }} fails on ${aServer}`,
      description: `The collector {{ $labels.collector }} brings nothing from ${aServer}: ${labelOfCollector('lockstep_collector_failure_info', 'reason', 'unknown')}. Alerts on its facts are blind.`,
    },
    ServerNotProbed: {
      expr: `${ofServer('mysql_server_role')}\nunless on (${server})\n${ofServer('mysql_up')}`,
      for: 'scrape',
      summary: `Prometheus does not probe ${aServer}`,
      description: `Lockstep watches ${aServer}, and Prometheus has 0 answers of its probe: the server's own alerts are blind.`,
    },
    ScrapeFailing: {
      expr: `max by (${perLockstep}, lockstep) (up{job=~${JSON.stringify(values.job)}}) == 0`,
      for: 'scrape',
      summary: `Prometheus cannot scrape ${theTarget}`,
      description: `Prometheus has not been able to scrape ${theTarget} for more than ${duration(values.scrape)} (up is ${asNumber}).`,
    },
    LockstepAbsent: {
      expr: `absent(${selector('lockstep_build_info')})`,
      for: 'scrape',
      summary: 'No Lockstep is watching',
      description: `Prometheus has had 0 metrics of any Lockstep for more than ${duration(values.scrape)}: nobody watches replication, TLS and certificates.`,
    },
    ConfigurationReloadFailed: {
      expr: `max by (${perLockstep}) (${selector('lockstep_config_last_reload_successful')}) == 0`,
      for: 'fact',
      summary: `Lockstep at ${theLockstep} refused its newest configuration`,
      description: `The newest configuration of Lockstep at ${theLockstep} was wrong (reload successful: ${asNumber}); the one before it stays in force.`,
    },
    ExpositionFaults: {
      expr: `max by (${perLockstep}) (increase(${selector('lockstep_exposition_faults_total')}[${duration(values.lookback)}])) > 0`,
      for: undefined,
      summary: `Lockstep at ${theLockstep} left series out of its metrics`,
      description: `Lockstep at ${theLockstep} left about ${asCount} series out of its metrics within ${duration(values.lookback)}: a defect to report.`,
    },
    Watchdog: {
      expr: 'vector(1)',
      for: undefined,
      summary: 'The way of alerts works',
      description:
        'This alert always fires (value {{ $value }}), so that the way from Prometheus through Alertmanager is known to work; be alarmed when it stops.',
    },
  },
});
