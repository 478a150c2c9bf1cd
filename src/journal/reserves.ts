import type { Reservation } from './journal.js';

/** The books on the space that is set aside; the space itself stands at the end of the last segment. */
export class Reserves {
  /** What processes that are gone had set aside: it is for the first reservations of this one. */
  #inherited: number;
  readonly #taken = new Set<FileReservation>();

  constructor(inherited: number) {
    this.#inherited = inherited;
  }

  /** Bytes that must stay there. */
  get total(): number {
    return [...this.#taken].reduce((sum, { remaining }) => sum + remaining, this.#inherited);
  }

  /** What is left of this one; nothing when it was released, or is of another journal. */
  left(reservation: FileReservation | undefined): number {
    return reservation !== undefined && this.#taken.has(reservation) ? reservation.remaining : 0;
  }

  /** What must be there once this many more are reserved. */
  with(bytes: number): number {
    return this.total + Math.max(0, bytes - this.#inherited);
  }

  take(bytes: number, giveBack: () => Promise<void>): FileReservation {
    this.#inherited -= Math.min(bytes, this.#inherited);
    const reservation = new FileReservation(bytes, async () => {
      if (!this.#taken.delete(reservation)) return;
      reservation.use(reservation.remaining);
      await giveBack();
    });
    this.#taken.add(reservation);
    return reservation;
  }
}

export class FileReservation implements Reservation {
  #remaining: number;

  constructor(
    bytes: number,
    readonly release: () => Promise<void>,
  ) {
    this.#remaining = bytes;
  }

  /** Bytes that are still set aside. */
  get remaining(): number {
    return this.#remaining;
  }

  use(bytes: number): void {
    this.#remaining = Math.max(0, this.#remaining - bytes);
  }
}
