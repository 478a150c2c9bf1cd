import { certificateOf } from '../../base/x509.js';
import type { Authority } from '../../pki/authority.js';
import { inspect } from '../../pki/inspect.js';
import type { Certified } from '../../pki/issue.js';
import type { WrittenFiles } from '../../pki/written.js';
import { terminalColours } from '../colours.js';
import { print, printJson } from './files.js';
import { certificateLines, line } from './text.js';

/** What was issued, and where it was written. */
export function printCertified(
  authority: Authority,
  { certificatePem, authorityPem }: Certified,
  files: Partial<WrittenFiles>,
  json: boolean,
): void {
  if (json) {
    printJson({ certificate: certificateOf(certificatePem), files });
    return;
  }
  const colours = terminalColours();
  const [certificate] = inspect(certificatePem, 'the certificate').certificates;
  const trusted = inspect(authorityPem, 'its authorities').certificates;
  print(
    [
      `issued by ${authority.certificate.subject}`,
      ...certificateLines(certificate, colours),
      ...(authorityPem === authority.authorityPem
        ? []
        : [line('trust', trusted.map((one) => one.certificate.subject).join('; '), colours)]),
      ...Object.values(files).map((file) => line('wrote', file, colours)),
    ].join('\n'),
  );
}
