import type { Listed } from '../listed.js';

/** Lockstep itself, and the way from it to Alertmanager. */
export const exporterAlerts = {
  LoginRefused: {
    subject: 'exporter',
    severity: 'warning',
    meaning:
      'A server answers and Lockstep cannot log in: certificate, account, TLS or connection limit. Other alerts of this server may be blind.',
    metrics: ['mysql_login_failure', 'mysql_down', 'mysql_up'],
  },
  CollectorFailing: {
    subject: 'exporter',
    severity: 'warning',
    meaning:
      'A collector brings nothing from a server that is up, for want of a privilege most often: alerts on its facts are blind.',
    metrics: ['lockstep_collector_success', 'mysql_up'],
    problem: 'privilege-missing',
  },
  ServerNotProbed: {
    subject: 'exporter',
    severity: 'warning',
    meaning: "Lockstep watches a server that Prometheus does not probe: the server's own alerts are blind.",
    metrics: ['mysql_server_role', 'mysql_up'],
  },
  ScrapeFailing: {
    subject: 'exporter',
    severity: 'warning',
    of: 'lockstep',
    meaning: 'Prometheus cannot scrape a target of Lockstep.',
    metrics: ['up'],
  },
  LockstepAbsent: {
    subject: 'exporter',
    severity: 'critical',
    of: 'lockstep',
    meaning: 'Prometheus has no metrics of any Lockstep: nobody watches replication.',
    metrics: ['lockstep_build_info'],
  },
  ConfigurationReloadFailed: {
    subject: 'exporter',
    severity: 'warning',
    of: 'lockstep',
    meaning: 'The newest configuration of Lockstep was wrong; the one before it stays in force.',
    metrics: ['lockstep_config_last_reload_successful'],
  },
  ExpositionFaults: {
    subject: 'exporter',
    severity: 'warning',
    of: 'lockstep',
    meaning: 'Lockstep left series out of its metrics because they were malformed: a defect to report.',
    metrics: ['lockstep_exposition_faults_total'],
  },
  Watchdog: {
    subject: 'exporter',
    severity: 'none',
    of: 'lockstep',
    meaning:
      'Always fires, so that the way from Prometheus through Alertmanager to Lockstep is known to work; its silence is the alarm.',
    metrics: [],
  },
} as const satisfies Readonly<Record<string, Listed>>;
