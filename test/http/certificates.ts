import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** An authority in a temporary folder that issues with openssl. `end` removes it. */
export function authority() {
  const folder = mkdtempSync(path.join(tmpdir(), 'lockstep-tls-'));
  const file = (name: string) => path.join(folder, name);
  const openssl = (...parameters: string[]) => execFileSync('openssl', parameters, { cwd: folder, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-subj',
    '/CN=Test authority',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
  );
  return {
    folder,
    ca: file('ca.pem'),
    /** Files of a new certificate. @param names as openssl writes them, such as `DNS:a,IP:127.0.0.1` */
    issue(stem: string, commonName: string, names: string): Pair {
      writeFileSync(file('names.cnf'), `subjectAltName=${names}\n`);
      openssl('req', ...newKey, '-subj', `/CN=${commonName}`, '-keyout', `${stem}.key`, '-out', `${stem}.csr`);
      openssl(
        ...['x509', '-req', '-in', `${stem}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
        ...['-extfile', 'names.cnf', '-days', '1', '-out', `${stem}.pem`],
      );
      return { cert: file(`${stem}.pem`), key: file(`${stem}.key`) };
    },
    end: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export function contents({ cert, key }: Pair): { readonly cert: Buffer; readonly key: Buffer } {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}
