import type { NoteValue } from './action.js';
import type { Leaf } from './certificate-action.js';
import type { OwnLogin, OwnPlace } from './own-certificate.js';

/**
 * Changes the certificate with which Lockstep itself logs in, on its own machine: a generation as those of servers, which
 * one link lets every login from then on read.
 */
export type OwnCertificateAction = { readonly kind: 'own-certificate' } & OwnAct;

export type OwnAct = StageOwnAction | TryOwnAction | PlaceOwnAction | SeeOwnAction | DiscardOwnAction;

/** Lays a new pair beside the one in use. */
export interface StageOwnAction {
  readonly act: 'stage';
  readonly place: OwnPlace;
  readonly leaf: Leaf;
  /** Keep the names of both generations. */
  readonly noteAs: { readonly next: string; readonly previous: string };
}

/** Logs in with the next pair wherever it is to be presented, on each of Lockstep's accounts. */
export interface TryOwnAction {
  readonly act: 'try';
  readonly place: OwnPlace;
  readonly logins: readonly OwnLogin[];
  /** Accounts on which the present pair is let in no more than the next are kept under this name. Left out: whoever does not let the next in ends it. */
  readonly unseenAs?: string;
  /** Keeps how many servers were logged in to. */
  readonly noteAs: string;
}

/** Lets Lockstep present a generation: one link. */
export interface PlaceOwnAction {
  readonly act: 'place';
  readonly place: OwnPlace;
  readonly generation: NoteValue;
  /** As of those of servers. */
  readonly over: NoteValue;
}

/** Logs in anew as every login does, from the configured files, and sees that what is presented is the new one. */
export interface SeeOwnAction {
  readonly act: 'see';
  readonly logins: readonly OwnLogin[];
  /** The SHA-256 of what is to be presented. */
  readonly expects: NoteValue;
  /** The note of accounts that are left out. */
  readonly without?: NoteValue;
  /** Keeps how many servers were logged in to. */
  readonly noteAs: string;
}

/** Removes what was made ready and is not presented. */
export interface DiscardOwnAction {
  readonly act: 'discard';
  readonly place: OwnPlace;
  readonly noteAs: string;
}
