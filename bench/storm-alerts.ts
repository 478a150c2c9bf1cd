import { placeOf } from './fleet-configuration.js';

/** What the alerts of one episode are about, and what came of them. */
export interface Episode {
  readonly cluster: string;
  readonly server: string;
  /** When its first alert is due, as a share of all alerts. */
  readonly due: number;
  /** One alert, as Alertmanager writes it in its payload. */
  readonly alert: string;
  /** The runs that the answers named: one, if all is well. */
  readonly runs: Set<string>;
}

/** Which alerts go out when: every episode's first in its turn, and in between any of those that are open. */
export class Alerts {
  readonly episodes: readonly Episode[];
  #open = 0;
  #sent = 0;

  /** @param episodes how many; of each the replica of a cluster of its own @param total of alerts */
  constructor(
    episodes: number,
    readonly total: number,
  ) {
    // The last one begins before the end, so that it is repeated too.
    this.episodes = Array.from({ length: episodes }, (_, index) => episodeOf(index, (index / episodes) * 0.95));
  }

  get sent(): number {
    return this.#sent;
  }

  /** The next ones to be sent. */
  next(count: number): readonly Episode[] {
    return Array.from({ length: count }, () => {
      const fresh = this.episodes[this.#open];
      const chosen =
        fresh !== undefined && fresh.due * this.total <= this.#sent
          ? this.episodes[this.#open++]
          : this.episodes[Math.floor(Math.random() * this.#open)];
      if (chosen === undefined) throw new Error('no episode has begun');
      this.#sent += 1;
      return chosen;
    });
  }
}

/** A payload of version 4, as Alertmanager 0.33 sends it. */
export function payloadOf(episodes: readonly Episode[]): string {
  return `{"receiver":"lockstep","status":"firing","alerts":[${episodes.map(({ alert }) => alert).join(',')}],"groupLabels":{"alertname":"ReplicationStoppedByHand"},"commonLabels":{"alertname":"ReplicationStoppedByHand","procedure":"restart-replication","severity":"warning","subject":"replication"},"commonAnnotations":{},"externalURL":"http://alertmanager.example:9093","version":"4","groupKey":"{}/{procedure!=\\"\\"}:{alertname=\\"ReplicationStoppedByHand\\"}","truncatedAlerts":0}`;
}

function episodeOf(index: number, due: number): Episode {
  const { cluster, server } = placeOf(index * 2 + 1);
  const alert = {
    status: 'firing',
    labels: {
      alertname: 'ReplicationStoppedByHand',
      cluster,
      instance: `${cluster}/${server}`,
      job: 'lockstep',
      problem: 'replication-stopped',
      procedure: 'restart-replication',
      server,
      severity: 'warning',
      subject: 'replication',
      thread: 'SQL',
    },
    annotations: {
      summary: `${cluster}/${server}: the SQL thread was stopped by hand`,
      description: 'The SQL thread of the channel "" stands without an error: somebody stopped it, and nobody started it again.', // prettier-ignore
      runbook_url: 'https://example.org/docs/runbooks/ReplicationStoppedByHand.md',
    },
    startsAt: new Date().toISOString(),
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: 'http://prometheus.example:9090/graph?g0.expr=mysql_replica_sql_running+%3D%3D+0&g0.tab=1',
    fingerprint: (0x1000_0000_0000 + index).toString(16).padStart(16, '0'),
  };
  return { cluster, server, due, alert: JSON.stringify(alert), runs: new Set() };
}
