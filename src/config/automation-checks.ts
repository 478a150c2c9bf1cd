import { parseMatcher } from '../base/matcher.js';
import { LockstepError } from '../base/errors.js';
import type { Path, YamlFile } from './document.js';
import { entriesAt, nearestRemedy, quoted, valueAt } from './explain.js';
import type { Fault } from './fault.js';

/** What the keys of the automation must agree on, with each other and with who is let in. */
export function automationChecks(main: YamlFile): readonly Fault[] {
  return [
    ...noJournal(main),
    ...nobodyDelivers(main),
    ...listAt(main, ['policies']).flatMap((_, index) => [
      ...unknownWindow(main, index),
      ...parameterTwice(main, index),
      ...neverReached(main, index),
    ]),
    ...windows(main),
    ...silences(main),
  ];
}

/** Nothing acts that could not be accounted for. */
function noJournal(main: YamlFile): readonly Fault[] {
  if (main.value === undefined || valueAt(main.value, ['journal']) !== undefined) return [];
  return ['automation', 'policies', 'schedule', 'alertmanager', 'notify']
    .filter((key) => valueAt(main.value, [key]) !== undefined)
    .map((key) =>
      main.fault(
        [key],
        'key',
        `${quoted(key)} means nothing without a journal: nothing acts that could not be accounted for`,
        'Write `journal: { directory: /var/lib/lockstep/journal }`',
      ),
    );
}

/** Policies that no alert can reach would look armed, and be idle when they are needed. */
function nobodyDelivers(main: YamlFile): readonly Fault[] {
  if (listAt(main, ['policies']).length === 0) return [];
  const roles = [
    ...listAt(main, ['tokens']).map((token) => valueAt(token, ['role'])),
    ...entriesAt(main.value, ['roles']).map(([, role]) => role),
  ];
  if (roles.includes('alertmanager') || roles.includes('operator')) return [];
  return [
    main.fault(
      ['policies'],
      'key',
      'nobody may deliver the alerts that these policies are for',
      'Write `tokens: [{ name: alertmanager, role: alertmanager, token_file: … }]`',
    ),
  ];
}

function unknownWindow(main: YamlFile, index: number): readonly Fault[] {
  const path = ['policies', index, 'window'];
  const name = valueAt(main.value, path);
  const known = entriesAt(main.value, ['automation', 'windows']).map(([each]) => each);
  if (typeof name !== 'string' || known.includes(name)) return [];
  const remedy = nearestRemedy(name, known, 'Write it under `automation.windows`');
  return [main.fault(path, 'value', `there is no window ${quoted(name)}`, remedy)];
}

function parameterTwice(main: YamlFile, index: number): readonly Fault[] {
  const fixed = entriesAt(main.value, ['policies', index, 'with']).map(([name]) => name);
  return entriesAt(main.value, ['policies', index, 'labels'])
    .filter(([name]) => fixed.includes(name))
    .map(([name]) =>
      main.fault(
        ['policies', index, 'labels', name],
        'key',
        `the parameter ${quoted(name)} is fixed by \`with\`, so that no label is asked for it`,
        'Keep one of the two',
      ),
    );
}

/** Behind a policy that asks for no more than this one does; the first that matches decides. */
function neverReached(main: YamlFile, index: number): readonly Fault[] {
  const own = matchersAt(main, index);
  if (own === undefined) return [];
  const before = listAt(main, ['policies'])
    .slice(0, index)
    .findIndex((_, other) => matchersAt(main, other)?.every((matcher) => own.includes(matcher)) === true);
  if (before === -1) return [];
  return [
    main.fault(
      ['policies', index],
      'value',
      `no alert reaches this policy: every one that it matches is decided by policies[${before}] before it`,
      'Put it first, or give the other one more matchers',
    ),
  ];
}

/** Each in one spelling; undefined when there is none, or one that is none, which the schema tells. */
function matchersAt(main: YamlFile, index: number): readonly string[] | undefined {
  const texts = listAt(main, ['policies', index, 'match']);
  const matchers = texts.flatMap((text) => (typeof text === 'string' ? spellingOf(text) : []));
  return matchers.length === texts.length && texts.length > 0 ? matchers : undefined;
}

function spellingOf(text: string): readonly string[] {
  try {
    const { label, operator, value } = parseMatcher(text);
    return [JSON.stringify([label, operator, value])];
  } catch (error) {
    if (error instanceof LockstepError) return [];
    throw error;
  }
}

function windows(main: YamlFile): readonly Fault[] {
  return entriesAt(main.value, ['automation', 'windows']).flatMap(([name, window]) => {
    const path = ['automation', 'windows', name];
    return [...emptyWindow(main, path, window), ...daysTwice(main, path, window)];
  });
}

function emptyWindow(main: YamlFile, path: Path, window: unknown): readonly Fault[] {
  const from = valueAt(window, ['from']);
  if (from === undefined || (from !== valueAt(window, ['to']) && from !== '24:00')) return [];
  const remedy = 'Write `from: 00:00` and `to: 24:00` for the whole day';
  return [main.fault([...path, 'from'], 'value', `given ${quoted(from)}, when the window is over`, remedy)];
}

function daysTwice(main: YamlFile, path: Path, window: unknown): readonly Fault[] {
  const days = valueAt(window, ['days']);
  if (!Array.isArray(days)) return [];
  if (days.length === 0)
    return [main.fault([...path, 'days'], 'value', 'given no day, so that the window never opens', 'Leave `days` out for every day')]; // prettier-ignore
  return days.flatMap((day, index) =>
    days.indexOf(day) < index
      ? [main.fault([...path, 'days', index], 'value', `given ${quoted(day)}, which stands there already`)]
      : [],
  );
}

function silences(main: YamlFile): readonly Fault[] {
  const places = listAt(main, ['notify']).flatMap((receiver, index) =>
    valueAt(receiver, ['kind']) === 'silence' ? [['notify', index, 'kind']] : [],
  );
  if (valueAt(main.value, ['alertmanager']) === undefined)
    return places.map((path) =>
      main.fault(
        path,
        'value',
        'given "silence", but no Alertmanager is configured that could be silenced',
        'Write `alertmanager: { urls: [ … ] }`, or remove this receiver',
      ),
    );
  return places
    .slice(1)
    .map((path) => main.fault(path, 'value', 'given "silence", which is given above', 'Keep one of the two'));
}

function listAt(main: YamlFile, path: Path): readonly unknown[] {
  const list = valueAt(main.value, path);
  return Array.isArray(list) ? list : [];
}
