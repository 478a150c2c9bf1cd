import { expect, it } from 'vitest';
import { catalogue } from '../../src/metrics/catalogue.js';
import { render } from '../../src/metrics/exposition.js';
import { OwnMetrics } from '../../src/metrics/own.js';
import { readOpenMetrics } from './parse.js';

function own(coalesced = () => 0) {
  const metrics = new OwnMetrics({ version: '1.2.3', coalesced });
  const read = async () => readOpenMetrics(render(await metrics.families(), 'openmetrics'));
  const value = async (sample: string) =>
    (await read()).flatMap(({ samples }) => samples).find(({ name }) => name === sample)?.value;
  return { metrics, read, value };
}

it('knows nothing of a configuration before one is in force, and keeps the last good one', async () => {
  const { metrics, value } = own();
  expect(await value('lockstep_config_last_reload_successful')).toBeUndefined();
  expect(await value('lockstep_config_last_reload_success_timestamp_seconds')).toBeUndefined();

  metrics.configurationInForce({ clusters: 2, servers: 5 }, 1_795_348_800_000);
  expect(await value('lockstep_config_last_reload_successful')).toBe(1);
  expect(await value('lockstep_config_last_reload_success_timestamp_seconds')).toBe(1_795_348_800);
  expect(await value('lockstep_servers_configured')).toBe(5);

  metrics.configurationRefused();
  expect(await value('lockstep_config_last_reload_successful')).toBe(0);
  expect(await value('lockstep_config_last_reload_success_timestamp_seconds')).toBe(1_795_348_800);
});

it('counts on when whatever observes begins anew', async () => {
  let coalesced = 3;
  const { value } = own(() => coalesced);
  expect(await value('lockstep_looks_coalesced_total')).toBe(3);
  coalesced = 2;
  expect(await value('lockstep_looks_coalesced_total')).toBe(5);
  coalesced = 4;
  expect(await value('lockstep_looks_coalesced_total')).toBe(7);
});

it('writes histograms with their buckets in order', async () => {
  const { metrics } = own();
  metrics.requestAnswered('/probe', 200, 0.003);
  metrics.requestAnswered('/probe', 200, 7);
  const families = await metrics.families();
  expect(render(families, 'text')).toContain(
    [
      'lockstep_http_request_duration_seconds_bucket{route="/probe",le="0.001"} 0',
      'lockstep_http_request_duration_seconds_bucket{route="/probe",le="0.0025"} 0',
      'lockstep_http_request_duration_seconds_bucket{route="/probe",le="0.005"} 1',
    ].join('\n'),
  );
  expect(render(families, 'text')).toContain(
    [
      'lockstep_http_request_duration_seconds_bucket{route="/probe",le="10"} 2',
      'lockstep_http_request_duration_seconds_bucket{route="/probe",le="+Inf"} 2',
      'lockstep_http_request_duration_seconds_sum{route="/probe"} 7.003',
      'lockstep_http_request_duration_seconds_count{route="/probe"} 2',
    ].join('\n'),
  );
  expect(render(families, 'openmetrics')).toContain('_bucket{route="/probe",le="10.0"} 2\n');
});

it('produces every metric of its scope, those of the process, and no gauge named as a counter', async () => {
  const { metrics, read } = own();
  metrics.configurationInForce({ clusters: 1, servers: 1 }, 0);
  metrics.requestAnswered('/metrics', 200, 0.001);
  metrics.expositionFault();
  const names = (await metrics.families()).map(({ metric: { name } }) => name);
  const declared = catalogue.filter(({ scope }) => scope === 'own').map(({ name }) => name);
  expect(declared.filter((name) => !names.includes(name))).toEqual([]);
  expect(names).toContain('process_cpu_seconds_total');
  expect(names).toContain('nodejs_eventloop_lag_p99_seconds');
  expect(names).not.toContain('nodejs_active_handles_total');
  expect((await read()).find(({ name }) => name === 'lockstep_build')?.samples).toEqual([
    { name: 'lockstep_build_info', labels: { version: '1.2.3', node_version: process.version }, value: 1 },
  ]);
});
