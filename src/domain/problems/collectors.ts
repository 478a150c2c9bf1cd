import { found, ofEachServer, type Check } from './check.js';

const privilegeMissing = ofEachServer(({ name, collectors }) =>
  collectors
    .filter(({ reason }) => reason === 'privilege')
    .map(({ collector, remedy, message }) =>
      found(
        'privilege-missing',
        name,
        `${name} does not let us read ${collector}: ${remedy ?? message ?? 'a privilege is missing'}`,
      ),
    ),
);

export const collectorChecks: readonly Check[] = [privilegeMissing];
