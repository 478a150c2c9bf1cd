/** The stable names of the boards; they are in links and bookmarks. */
export const uids = {
  fleet: 'lockstep-fleet',
  cluster: 'lockstep-cluster',
  tls: 'lockstep-tls',
  automation: 'lockstep-automation',
} as const;

export interface Link {
  readonly title: string;
  readonly url: string;
}

/** From a cell that holds a cluster's name to the board of that cluster, at the same time. */
export const toCluster = {
  title: 'Open the cluster',
  url: `/d/${uids.cluster}?\${datasource:queryparam}&var-cluster=\${__value.raw}&\${__url_time_range}`,
} as const;

/** From a cell to the page of an alert, wherever the variable `runbooks` says that the pages are. */
export function toRunbook(alert: string): Link {
  return { title: `Open the runbook of ${alert}`, url: `\${runbooks:raw}${alert}.md` };
}

/** From a cell that holds a problem's name to the pages that say what to do. */
export const toRunbookOfProblem: Link = {
  title: 'Open the runbooks of this problem',
  url: '${runbooks:raw}README.md#${__value.raw}',
};
