/** A duration for people, its two largest units: `45 s`, `2 min 5 s`, `3 h`, `29 d 4 h`. */
export function spell(seconds: number): string {
  const whole = Math.round(Math.abs(seconds));
  const at = units.findIndex(([length]) => whole >= length);
  if (at < 0) return '0 s';
  let left = whole;
  const parts = units.slice(at, at + 2).flatMap(([length, name]) => {
    const count = Math.floor(left / length);
    left -= count * length;
    return count === 0 ? [] : [`${count} ${name}`];
  });
  return `${seconds < 0 ? '-' : ''}${parts.join(' ')}`;
}

const units = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
] as const;
