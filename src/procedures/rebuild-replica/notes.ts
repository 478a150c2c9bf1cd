/** What a rebuilding learns: where the data lie, before anything is touched, and then how far it came. */
export const notes = {
  here: 'data',
  temporary: 'temporary',
  there: 'donor-data',
  link: 'rehearsed',
  copyLink: 'copy-rehearsed',
  room: 'room',
  givenUp: 'given-up',
  emptied: 'emptied',
  copied: 'copied',
  made: 'made',
  backAgain: 'put-back',
  swapped: 'swapped',
  kept: 'discarded',
};
