import { channelText, found, ofEachChannel, type Check } from './check.js';

const without = ofEachChannel((channel, relation) =>
  channel.tls.enabled
    ? undefined
    : found(
        'channel-without-tls',
        relation.server,
        `${channelText(relation)} replicates without TLS`,
        relation.channel,
      ),
);

/** TLS is configured, and the source sees plaintext. */
const plaintext = ofEachChannel((channel, relation) =>
  channel.tls.enabled && relation.tls.negotiated === false
    ? found(
        'channel-plaintext',
        relation.server,
        `${channelText(relation)} says TLS, but its stream from ${relation.source ?? channel.source.host} is not encrypted`,
        relation.channel,
      )
    : undefined,
);

const fallback = ofEachChannel((channel, relation) =>
  relation.tls.fallbackPossible === true && relation.tls.negotiated !== false
    ? found(
        'channel-fallback-possible',
        relation.server,
        `${channelText(relation)} would go on in plaintext, without a word, if ${relation.source ?? channel.source.host} stopped offering TLS`,
        relation.channel,
      )
    : undefined,
);

const notVerifying = ofEachChannel((channel, relation) =>
  channel.tls.enabled && !channel.tls.verify
    ? found(
        'channel-not-verifying',
        relation.server,
        `${channelText(relation)} does not verify that the certificate of ${channel.source.host} is its own`,
        relation.channel,
      )
    : undefined,
);

export const channelTlsChecks: readonly Check[] = [without, plaintext, fallback, notVerifying];
