import pc from 'picocolors';

export type Colours = ReturnType<typeof pc.createColors>;

/**
 * Colours on a terminal that shows them, or when FORCE_COLOR asks for them in a pipe; never against NO_COLOR.
 * picocolors alone would colour pipes wherever CI is set.
 */
export function terminalColours(): Colours {
  const forced = 'FORCE_COLOR' in process.env && !('NO_COLOR' in process.env);
  return pc.createColors(forced || (process.stdout.isTTY && pc.isColorSupported));
}
