import type { Announcement, SiteAnnouncer } from './announcement.js';
import type { Certificate } from './certificate.js';
import type { NextStart } from './next-start.js';
import type { Verification } from './verification.js';
import type { Outlook } from './outlook.js';
import type { PrimaryChange } from './primary-change.js';
import type { Sightings } from './plaintext.js';
import type { ReadersSeen } from './readers.js';
import type { Rotation } from './rotation.js';
import type { Address, ClusterName, ClusterSnapshot, ServerName } from './snapshot.js';
import type { Survey } from './survey.js';
import type { Withdrawal } from './withdrawal.js';

/**
 * All that a plan may rest on: what was observed, and the part of the configuration that concerns it. Plain data: it is
 * journalled with the plan, and a resumed run makes its steps from the journalled scene again.
 */
export interface Scene {
  readonly snapshot: ClusterSnapshot;
  readonly site: Site;
  /** Who was seen without TLS over time; undefined: nobody remembers. */
  readonly plaintext?: Sightings;
  /** What applications are told, in the order of the configuration; undefined: nobody looked. */
  readonly announcements?: readonly Announcement[];
  /** From whom applications read, in the order of the configuration; undefined: nobody looked, or no announcer tells. */
  readonly readSides?: readonly ReadersSeen[];
  /** The certificate of the site's authority; undefined: it cannot be read, or there is none. */
  readonly authority?: Certificate;
  /** The newest comparison of each replica with its source; undefined: nobody remembers. */
  readonly verified?: readonly Pick<Verification, 'server' | 'differingTables'>[];
  /** What a copy would meet, of the servers that the procedure named; left out: nobody looked. */
  readonly surveys?: readonly Survey[];
  /** What a restart would change, of the servers that the procedure named and that could be asked for it; left out: nobody asked. */
  readonly nextStarts?: readonly NextStart[];
  /** The authority with all above it, the one that it replaces, and who checks certificates besides the servers; undefined: as `authority`. */
  readonly rotation?: Rotation;
  /** What is remembered of servers that cannot be asked now, and how much of the fleet can; undefined: nobody remembers. */
  readonly outlook?: Outlook;
  /** The last change of the primary that the journal tells of; undefined: it tells of none. */
  readonly lastChange?: PrimaryChange;
  /** Servers that the journal tells were withdrawn from what applications read, and not returned; left out: none. */
  readonly withdrawals?: readonly Withdrawal[];
}

/** A cluster as the configuration describes it. Secrets are not in it. */
export interface Site {
  readonly cluster: ClusterName;
  /** In the order of the configuration. */
  readonly servers: readonly SiteServer[];
  /** What applications call the primary. */
  readonly names: readonly string[];
  readonly accounts: {
    readonly monitor: string;
    /** undefined: nothing can be changed. */
    readonly operate: string | undefined;
    readonly replication: { readonly user: string; readonly require: 'x509' | 'ssl' | 'none' } | undefined;
  };
  /** Whether procedures may run on versions whose dialect is only documented. */
  readonly acceptUnproven: boolean;
  /** Past this a replica is lagging, seconds. */
  readonly lagThreshold: number;
  /** In the order of the configuration; left out: none. */
  readonly announcers?: readonly SiteAnnouncer[];
  /** Left out: {@link defaultFailover}. */
  readonly failover?: SiteFailover;
  /** Where certificates come from; left out: none is of Lockstep's business. */
  readonly serverTls?: SiteTls;
}

export interface SiteTls {
  /** By its name in the configuration. */
  readonly authority: string;
  /** The one that gives way to it; left out: none. */
  readonly replaces?: string;
  /** Seconds; undefined: with a third of their life left. */
  readonly renewBefore: number | undefined;
  /** How long a new certificate holds, seconds. */
  readonly lifetime: number;
  /** Private keys are made on the server's machine, and never leave it. Left out: Lockstep makes them. */
  readonly keys?: 'host';
}

/** What the configuration says of failing over. */
export interface SiteFailover {
  /** How long the primary must have said nothing to Lockstep, seconds. */
  readonly evidenceSeconds: number;
  /** How many looks must have failed one after the other. */
  readonly looks: number;
  /** Servers that must never become the primary. */
  readonly never: readonly ServerName[];
  /** The most preferred first, among those that have received as much. */
  readonly preferred: readonly ServerName[];
  /** Stops a server on its own machine and ends with 0 once it is stopped; `{server}` and `{host}` stand for the server. undefined: nothing does. */
  readonly fence: readonly string[] | undefined;
  /** Where the transactions that nobody else has are written out on a server's machine, and by which program. */
  readonly tail: { readonly program: string; readonly directory: string } | undefined;
}

export const defaultFailover: SiteFailover = {
  evidenceSeconds: 10,
  looks: 3,
  never: [],
  preferred: [],
  fence: undefined,
  tail: undefined,
};

export interface SiteServer {
  readonly name: ServerName;
  readonly address: Address;
  /** Whether Lockstep reaches the machine itself, to read and place files there. */
  readonly host: 'local' | 'ssh' | 'command' | undefined;
  /** Programs that may be run there, absolute, and services that may be restarted; left out: none. */
  readonly programs?: readonly string[];
  readonly services?: readonly string[];
  /** What this server presents and trusts as a replica: paths on its own machine. */
  readonly replicationTls: ReplicationTls | undefined;
  /** The certificates that Lockstep looks after there; left out: none. */
  readonly serverTls?: SiteServerTls;
}

export interface SiteServerTls {
  /** Where certificates, keys and authorities stand, on its own machine. */
  readonly directory: string;
  /** Whether Lockstep may change files there. */
  readonly allowed: boolean;
  /** Every name that its certificate must carry. */
  readonly names: readonly string[];
  /** How Lockstep itself checks it: the name that it looks for, or the chain alone; undefined: not at all. */
  readonly checked: { readonly name: string | undefined } | undefined;
  /** Services of its machine that Lockstep may restart. */
  readonly services: readonly string[];
  /** How it is given settings; left out: it is not. */
  readonly optionFiles?: SiteOptionFiles;
}

export interface SiteOptionFiles {
  /** A directory of option files that the server reads at its start. */
  readonly directory: string;
  /** The words that it is started with, its program first. */
  readonly command: readonly string[];
  /** Whether Lockstep may write into the directory, and run the program. */
  readonly allowed: boolean;
}

export interface ReplicationTls {
  readonly caFile: string;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  /** Whether the source's certificate must carry its name. */
  readonly verify: boolean;
}

/** What a run is asked to do: `cluster` always, the rest as its procedure declares. */
export interface Parameters {
  readonly cluster: ClusterName;
  readonly [name: string]: string;
}
