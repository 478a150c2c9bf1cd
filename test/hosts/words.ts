import fc from 'fast-check';

/** What some shell, somewhere, takes for more than itself. */
const special = `'"\\$\`!*?;&|<>(){}[]~#= \n\t-%a`.split('');
const letter = fc.oneof(fc.integer({ min: 1, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }));

/** A word that a program can be given: anything but a zero byte. */
export const word: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: letter.map((code) => String.fromCodePoint(code)), maxLength: 20 }),
  fc.string({ unit: fc.constantFrom(...special), maxLength: 12 }),
);
