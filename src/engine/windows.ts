import { LockstepError } from '../base/errors.js';

/** A stretch of some days of the week, in a time zone. One whose end is not after its begin goes over midnight. */
export interface Window {
  readonly name: string;
  readonly days: readonly string[];
  /** Minutes since midnight. */
  readonly from: number;
  readonly to: number;
  /** An IANA time zone. */
  readonly zone: string;
}

/** Whether a moment lies in the window. A window over midnight belongs to the day on which it begins. @param at milliseconds since the Unix epoch */
export function inWindow(window: Window, at: number): boolean {
  const { day, minute } = localTime(window.zone, at);
  const { days, from, to } = window;
  if (from < to) return days.includes(day) && minute >= from && minute < to;
  return (days.includes(day) && minute >= from) || (days.includes(before(day)) && minute < to);
}

/** `mon,tue 22:00-04:00 Europe/Zurich` */
export function windowText({ days, from, to, zone }: Window): string {
  return `${days.length === week.length ? 'every day' : days.join(',')} ${clock(from)}-${clock(to)} ${zone}`;
}

const week = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

function localTime(zone: string, at: number): { day: string; minute: number } {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)?.value ?? '';
  const day = part('weekday').toLowerCase();
  if (!week.includes(day)) throw new LockstepError('window', `"${day}" is no day of the week`);
  return { day, minute: Number(part('hour')) * 60 + Number(part('minute')) };
}

function before(day: string): string {
  return week[(week.indexOf(day) + week.length - 1) % week.length] ?? '';
}

function clock(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}
