import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../src/metrics/catalogue.js';
import type { Certificate } from '../../src/domain/certificate.js';
import { compatibilityCatalogue } from '../../src/metrics/compatibility-catalogue.js';
import { compatibilitySamples } from '../../src/metrics/compatibility.js';
import { type Format, render } from '../../src/metrics/exposition.js';
import type { Family } from '../../src/metrics/families.js';
import { clusterSamples, serverSamples } from '../../src/metrics/samples.js';
import { certificate } from '../domain/build.js';
import { brokenMariadb, brokenMysql, erringMysql, healthyMariadb, healthyMysql } from './snapshots.js';
import { type View, brokenCluster, healthyCluster } from './views.js';

// A golden file is the contract that dashboards and alerts are written against: a renamed metric or label shows here.
// Refresh with `npx vitest run --project rooms test/metrics -u`, and name what changed in the CHANGELOG.
const folder = path.join(import.meta.dirname, '../golden/metrics');

const scenes: Record<string, readonly Family[]> = {
  'mariadb-healthy': serverSamples(healthyMariadb),
  'mariadb-broken': serverSamples(brokenMariadb),
  'mysql-healthy': serverSamples(healthyMysql),
  'mysql-erring': serverSamples(erringMysql),
  'mysql-unverified': serverSamples(brokenMysql),
  'cluster-healthy': ofCluster(healthyCluster, certificate({ subject: 'CN=lockstep', issuer: 'CN=Example CA' })),
  'cluster-broken': ofCluster(brokenCluster),
  'compatibility-mariadb': compatibilitySamples(healthyMariadb),
  'compatibility-mariadb-broken': compatibilitySamples(brokenMariadb),
  'compatibility-mysql': compatibilitySamples(healthyMysql),
};

const endings: Record<Format, string> = { text: 'prom', openmetrics: 'om' };

describe.each(Object.entries(scenes))('%s', (name, families) => {
  it.each(['text', 'openmetrics'] as const)('as %s', async (format) => {
    await expect(render(families, format)).toMatchFileSnapshot(path.join(folder, `${name}.${endings[format]}`));
  });
});

it('produces every metric of the catalogue that comes from snapshots', () => {
  const produced = new Set(Object.values(scenes).flatMap((families) => families.map(({ metric }) => metric.name)));
  const declared = catalogue.filter(({ scope }) => scope === 'server' || scope === 'cluster').map(({ name }) => name);
  expect(declared.filter((name) => !produced.has(name))).toEqual([]);
});

it('produces every family of the compatibility catalogue', () => {
  const produced = new Set(Object.values(scenes).flatMap((families) => families.map(({ metric }) => metric.name)));
  expect(compatibilityCatalogue.map(({ name }) => name).filter((name) => !produced.has(name))).toEqual([]);
});

it('gives each metric the scope that its function has', () => {
  const scopes = (families: readonly Family[]) => [...new Set(families.map(({ metric }) => metric.scope))];
  expect(scopes(serverSamples(healthyMysql))).toEqual(['server']);
  expect(scopes(ofCluster(healthyCluster))).toEqual(['cluster']);
});

function ofCluster({ snapshot, topology, relations, problems }: View, presented?: Certificate): readonly Family[] {
  return clusterSamples(snapshot, topology, relations, problems, false, presented);
}
