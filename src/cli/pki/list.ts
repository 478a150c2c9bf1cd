import { Command } from 'commander';
import { readAuthority } from '../../pki/authority-files.js';
import { readLedger, type Ledger, type LedgerEntry } from '../../pki/ledger.js';
import { terminalColours, type Colours } from '../colours.js';
import { aligned } from '../status-table.js';
import { print, printJson } from './files.js';
import { placeOf, withPlace, type PlaceFlags } from './place.js';
import { spanText } from './text.js';

export function listCommand(): Command {
  return withPlace(new Command('list').description('what an authority has issued'), { server: false })
    .option('--all', 'expired and replaced ones too')
    .option('--json', 'print JSON: always all')
    .addHelpText(
      'after',
      `
Examples:
  lockstep pki list --directory /etc/lockstep/pki
  lockstep pki list --authority mysql --all

A certificate is replaced once a later one has the same subject and use. Keys are in no list: Lockstep keeps none but the
authority's own.`,
    )
    .action(async (flags: PlaceFlags & { all?: boolean; json?: boolean }) => {
      const { place } = await placeOf(flags);
      const ledger = await readLedger(place.directory);
      if (ledger.entries.length === 0) await readAuthority(place.directory);
      const listed = statesOf(ledger, Date.now());
      if (flags.json === true) {
        printJson({ issued: listed, damaged: ledger.damaged });
        return;
      }
      const shown = flags.all === true ? listed : listed.filter(({ state }) => state === 'valid' || state === 'future');
      const colours = terminalColours();
      print(tableOf(shown, Date.now(), colours).join('\n'));
      const hidden = listed.length - shown.length;
      if (hidden > 0) print(colours.dim(`and ${hidden} expired or replaced (--all)`));
      if (ledger.damaged.length > 0) {
        print(colours.yellow(`lines that a crash cut off, never handed out: ${ledger.damaged.join(', ')}`));
      }
    });
}

type State = 'valid' | 'future' | 'expired' | 'replaced';
type Listed = LedgerEntry & { readonly state: State };

function statesOf({ entries }: Ledger, now: number): readonly Listed[] {
  const newest = new Map(entries.map((entry) => [`${entry.use} ${entry.subject}`, entry]));
  return entries.map((entry) => ({
    ...entry,
    state: stateOf(entry, newest.get(`${entry.use} ${entry.subject}`), now),
  }));
}

function stateOf(entry: LedgerEntry, newest: LedgerEntry | undefined, now: number): State {
  if (Date.parse(entry.notAfter) < now) return 'expired';
  if (newest !== entry) return 'replaced';
  return Date.parse(entry.notBefore) > now ? 'future' : 'valid';
}

function tableOf(listed: readonly Listed[], now: number, colours: Colours): readonly string[] {
  const header = ['SUBJECT', 'USE', 'ENDS', '', 'NAMES', 'SERIAL'].map((title) => colours.dim(title));
  const rows = listed.map((entry) => [
    entry.subject,
    entry.use,
    entry.notAfter.slice(0, 10),
    leftText(entry, now, colours),
    entry.names.join(' '),
    entry.serial,
  ]);
  return aligned([header, ...rows]);
}

function leftText(entry: Listed, now: number, colours: Colours): string {
  const days = (Date.parse(entry.notAfter) - now) / 86_400_000;
  if (entry.state === 'expired') return colours.red('expired');
  if (entry.state === 'replaced') return colours.dim('replaced');
  if (entry.state === 'future') return 'not yet valid';
  return (days < 7 ? colours.red : days < 30 ? colours.yellow : colours.green)(spanText(days));
}
