import { exchange } from '../base/exchange.js';
import { accepted, type Delivery } from './delivery.js';
import { careFor, type Happened, type Receiver } from './receiver.js';
import type { SlackSettings } from './settings.js';
import { slackText } from './slack-text.js';
import { tlsOf } from './tls-files.js';

/** Posts `{ text }` to an incoming webhook of Slack, or of a program that takes the same (Mattermost, Rocket.Chat, Zulip). */
export function slack({ url, on, tls }: SlackSettings): Receiver {
  const take = ({ notice, plan }: Happened): Delivery | undefined => {
    if (notice === undefined || !on.includes(notice.kind)) return undefined;
    return {
      what: notice.kind,
      run: notice.run.id,
      ...careFor(notice),
      send: async (signal) => {
        const body = JSON.stringify({ text: slackText(notice, await plan()) });
        const headers = { 'content-type': 'application/json', 'user-agent': 'lockstep' };
        const address = (await url()).reveal();
        accepted(await exchange({ method: 'POST', url: address, headers, body, tls: await tlsOf(tls), signal }));
      },
    };
  };
  return { kind: 'slack', take };
}
