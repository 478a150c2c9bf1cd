import { stripVTControlCharacters } from 'node:util';
import type { Parameters } from '../domain/scene.js';
import type { RunView, Trigger } from '../engine/run.js';
import type { Colours } from './colours.js';

/** How runs are told to people, the same in every command. */

/** Text from outside, such as a label of an alert, must not move the cursor of whoever reads it. */
export function clean(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** `production/db2`, `production/db2 channel east`, `production` */
export function placeWords({ cluster, server, channel, ...others }: Parameters): string {
  const rest = Object.entries(others).map(([name, value]) => `${name} ${value}`);
  const place = server === undefined ? cluster : `${cluster}/${server}`;
  return clean([place, ...(channel ? [`channel ${channel}`] : []), ...rest].join(', '));
}

export function triggerWords(trigger: Trigger): string {
  return clean(trigger.kind === 'alert' ? `alert ${trigger.alertname}` : trigger.by);
}

/** `succeeded`, `waits (paused)`, `running` */
export function stateWords(run: RunView, colours: Colours): string {
  if (run.state === 'ended') {
    const outcome = run.outcome ?? 'ended';
    if (outcome === 'succeeded' || outcome === 'planned') return colours.green(outcome);
    return outcome === 'failed' || outcome === 'rolled-back' ? colours.red(outcome) : colours.yellow(outcome);
  }
  if (run.state === 'needs-human') return colours.red('needs a human');
  if (run.state === 'waiting') return colours.yellow(run.guard === undefined ? 'waits' : `waits (${run.guard.guard})`);
  return colours.cyan(run.state === 'undoing' ? 'being undone' : 'running');
}

/** `2 min ago`, `in 3 h`. @param at @param now milliseconds */
export function agoWords(at: number, now: number): string {
  const seconds = Math.abs(now - at) / 1000;
  const words = seconds < 9.95 ? `${Math.round(seconds)} s` : spanWords(seconds);
  return at <= now ? `${words} ago` : `in ${words}`;
}

/** `4.2 s`, `3 min`, `5 h`, `12 days` */
export function spanWords(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

/** `2026-11-28 15:22:33Z` */
export function timeWords(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').replace(/\.\d+/, '');
}

/**
 * A line cut between words, so that none is wider than a terminal; a word that is longer stands as it is.
 * @param columns undefined: it stays whole, as for a pipe
 * @param hang how far the lines below are set in, from where the first begins
 */
export function wrapped(line: string, columns: number | undefined, hang = 2): string {
  if (columns === undefined || width(line) < columns) return line;
  const indent = /^ */.exec(line)?.[0] ?? '';
  const lines: string[] = [];
  let current = indent;
  for (const word of line.slice(indent.length).split(' ')) {
    if (current.trim() !== '' && width(current) + 1 + width(word) >= columns) {
      lines.push(current);
      current = `${indent}${' '.repeat(hang)}${word}`;
    } else current += current.trim() === '' ? word : ` ${word}`;
  }
  return [...lines, current].join('\n');
}

/** Columns on a terminal; colours take none. */
function width(text: string): number {
  return stripVTControlCharacters(text).length;
}
