import { viewOf, type Book } from './book.js';
import type { EngineEvent } from './events.js';
import type { EngineRecord, SwitchRecord } from './records.js';
import type { DistributiveOmit } from './shop.js';
import { told } from './told.js';

type Told = DistributiveOmit<EngineEvent, 'at' | 'head'>;

/** What subscribers are told of a record that was written; undefined for those that only concern the journal. */
export function eventOf(record: EngineRecord, book: Book): Told | undefined {
  const sentence = told(record);
  if (!('run' in record)) return switchEvent(record, sentence);
  const booked = book.runs.get(record.run);
  if (booked === undefined) return undefined;
  const run = viewOf(booked);
  switch (record.type) {
    case 'waiting':
      return { type: 'waiting', guard: record.guard, run, sentence };
    case 'section':
      return { type: 'section-began', section: record.section, run, sentence };
    case 'section-done':
      return { type: 'section-ended', section: record.section, seconds: record.seconds, run, sentence };
    case 'committing':
    case 'aborting':
    case 'undone':
    case 'episode-over':
      return undefined;
    case 'requested':
    case 'planned':
    case 'approved':
    case 'started':
    case 'undoing':
    case 'resumed':
    case 'needs-human':
    case 'ended':
      return { type: record.type, run, sentence };
  }
}

function switchEvent(record: SwitchRecord, sentence: string): Told | undefined {
  switch (record.type) {
    case 'paused':
      return { type: 'paused', by: record.pause.by, cluster: record.pause.cluster, sentence };
    case 'unpaused':
      return { type: 'unpaused', by: record.by, cluster: record.cluster, sentence };
    case 'downtime': {
      const { by, cluster, server } = record.downtime;
      return { type: 'downtime', by, cluster, server, sentence };
    }
    case 'downtime-ended':
      return { type: 'downtime-ended', by: record.by, cluster: record.cluster, server: record.server, sentence };
    case 'acknowledged':
      return { type: 'acknowledged', by: record.by, cluster: record.cluster, sentence };
    case 'carried':
      return undefined;
  }
}
