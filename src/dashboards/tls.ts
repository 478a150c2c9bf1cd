import { board, type Board, type Piece } from './board.js';
import { certificates, limits, notAfter, seconds } from './certificates.js';
import { type Colour, expiryDays, expiryInWords, expirySteps, noneIsBest, noneIsGood, thresholds } from './looks.js';
import { uids } from './links.js';
import { bars, numbers, timeline } from './panels.js';
import { fact } from './query.js';
import { haveSsl, yesIsGood } from './states.js';
import { table } from './table.js';
import { daysVariable } from './variables.js';

/** Certificates by what is left of them, and who could still speak plaintext. */
export function tls(): Board {
  const { critical, warning, authority } = expiryDays;
  return board({
    uid: uids.tls,
    title: 'Lockstep / TLS and certificates',
    description: 'When certificates expire, whether they verify, and who could still speak without TLS.',
    variables: [
      daysVariable(
        limits.critical,
        'Critical days',
        'Certificates to renew now: fewer days left than these.',
        critical,
      ),
      daysVariable(limits.warning, 'Warning days', 'Certificates to renew: fewer days left than these.', warning),
      daysVariable(
        limits.authority,
        'Authority days',
        'Authorities to renew: fewer days left than these, many, since a new one takes a rotation of all certificates.',
        authority,
      ),
    ],
    sections: [
      {
        title: 'Certificates',
        pieces: [...figures(), { panel: certificates(), width: 24, height: 12 }],
      },
      {
        title: 'TLS of servers',
        pieces: [
          { panel: haveSslHistory(), width: 12, height: 8 },
          { panel: protocols(), width: 12, height: 8 },
          { panel: accounts(), width: 12, height: 8 },
          { panel: sessions(), width: 12, height: 8 },
        ],
      },
    ],
  });
}

const left = `(${notAfter} - time())`;

function figures(): readonly Piece[] {
  const panels = [
    numbers(
      {
        title: 'Soonest expiry',
        description: `The certificate that expires next, of a server, a replica as a client, or an authority: ${expiryInWords}.`,
      },
      's',
      { name: '{{cluster}} / {{server}} {{role}}', expr: `bottomk(1, ${left})`, steps: expirySteps },
    ),
    numbers(
      {
        title: 'Expired',
        description: 'Certificates whose time is over, each once wherever it was seen: red from the first.',
      },
      'none',
      { name: 'certificates', expr: `sum(${left} < bool 0)`, steps: noneIsGood },
    ),
    numbers(
      {
        title: 'Less than $warning_days and $critical_days days left',
        description:
          'Certificates with less time left than the limits chosen above, those that have expired included: orange and red from the first. Authorities have a limit of their own in the table.',
      },
      'none',
      { name: 'under $warning_days', expr: `sum(${left} < bool ${seconds('warning')})`, steps: noneIsBest },
      { name: 'under $critical_days', expr: `sum(${left} < bool ${seconds('critical')})`, steps: noneIsGood },
    ),
    numbers(
      {
        title: 'Failing verification',
        description:
          "Servers whose certificate did not verify against Lockstep's authority and the name of the server at the newest handshake: red from the first. Why is in the problems of the cluster.",
      },
      'none',
      { name: 'servers', expr: `sum(${fact('mysql_certificate_verified')} == bool 0)`, steps: noneIsGood },
    ),
    numbers(
      {
        title: 'Served differs from disk',
        description:
          'Servers that present another certificate than the file that they name holds, as after a renewal without a reload: red from the first. Known where Lockstep can read the file.',
        nothing: 'no file is readable',
      },
      'none',
      { name: 'servers', expr: `sum(${fact('mysql_certificate_served_equals_file')} == bool 0)`, steps: noneIsGood },
    ),
  ];
  return panels.map((panel, index) => ({ panel, width: index < 4 ? 5 : 4, height: 4 }));
}

function haveSslHistory() {
  return timeline(
    {
      title: 'have_ssl',
      description:
        'The variable have_ssl of each server, or its successor tls_channel_status in the same words. DISABLED: built with TLS, and its certificate could not be used. Anything but YES means that the server offers no TLS.',
    },
    '{{cluster}} / {{server}}',
    haveSsl(),
  );
}

const accepted = { 1: { text: 'accepted', colour: 'green' }, 0: { text: 'refused', colour: 'transparent' } } as const;
const weak = { 1: { text: 'accepted', colour: 'red' }, 0: { text: 'refused', colour: 'green' } } as const;

function protocols() {
  const version = (title: string, looks: typeof accepted | typeof weak) => ({
    title,
    expr: fact('mysql_tls_version_accepted', { where: { version: title } }),
    looks,
  });
  return table(
    {
      title: 'Protocol versions',
      description:
        'Whether each server refuses logins without TLS, and which protocol versions it accepts: TLS 1.0 and 1.1 are weak, and red where accepted. An empty cell is not known.',
    },
    [
      { label: 'cluster', title: 'Cluster' },
      { label: 'server', title: 'Server' },
    ],
    [
      version('TLSv1', weak),
      version('TLSv1.1', weak),
      version('TLSv1.2', accepted),
      version('TLSv1.3', accepted),
      { title: 'TLS required', expr: fact('mysql_tls_required'), looks: yesIsGood },
    ],
    [{ by: 'Cluster' }, { by: 'Server' }],
  );
}

function accounts() {
  return bars(
    {
      title: 'Accounts without TLS',
      description:
        'Accounts of each server that may log in over the network without TLS: orange from the first. A server where it cannot be told is left out.',
      nothing: 'Not known of any server',
    },
    'none',
    noneIsBest,
    { name: '{{cluster}} / {{server}}', expr: fact('mysql_accounts_without_tls') },
  );
}

function sessions() {
  const each = fact('mysql_tls_sessions', { keep: ['version', 'cipher'] });
  return bars(
    {
      title: 'Sessions by protocol version',
      description:
        'Sessions open on each server by the protocol version that they speak: weak versions are red, plaintext is orange, which sessions over the local socket speak too. Left out where the server does not tell.',
      nothing: 'No server tells',
    },
    'none',
    ['green'],
    {
      name: '{{cluster}} / {{server}} {{version}}',
      expr: `label_replace(sum by (cluster, server, version) (${each}), "version", "plaintext", "version", "")`,
    },
  )
    .overrideByRegexp('/(TLSv1|TLSv1\\.1)$/', always('red'))
    .overrideByRegexp('/plaintext$/', always('orange'));
}

function always(colour: Colour) {
  return [{ id: 'thresholds', value: thresholds([colour]).build() }];
}
