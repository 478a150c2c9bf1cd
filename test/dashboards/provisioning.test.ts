import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';

const deploy = path.join(import.meta.dirname, '../../deploy');

/** The only document of a file. YAML that a stricter reader would refuse, as for a key that comes twice, is a fault. */
function read(file: string): unknown {
  const document = parseDocument(readFileSync(path.join(deploy, file), 'utf8'), { uniqueKeys: true });
  expect([...document.errors, ...document.warnings], file).toEqual([]);
  return document.toJS();
}

describe('what Grafana is provisioned with', () => {
  it('is a Prometheus data source that knows how often it is scraped', () => {
    const prometheus = read('prometheus.yml') as { global: { scrape_interval: string } };
    expect(read('grafana/provisioning/datasources/lockstep.yml')).toEqual({
      apiVersion: 1,
      datasources: [
        {
          name: 'Prometheus',
          uid: expect.stringMatching(/^[a-z-]{1,40}$/) as string,
          type: 'prometheus',
          access: 'proxy',
          url: expect.stringMatching(/^http:\/\//) as string,
          isDefault: true,
          editable: false,
          jsonData: { httpMethod: 'POST', timeInterval: prometheus.global.scrape_interval },
        },
      ],
    });
  });

  it('is the boards, from files, not to be edited there', () => {
    expect(read('grafana/provisioning/dashboards/lockstep.yml')).toEqual({
      apiVersion: 1,
      providers: [
        {
          name: 'Lockstep',
          orgId: 1,
          folder: 'Lockstep',
          folderUid: 'lockstep',
          type: 'file',
          disableDeletion: false,
          allowUiUpdates: false,
          updateIntervalSeconds: 30,
          options: { path: expect.stringMatching(/^\//) as string },
        },
      ],
    });
  });
});
