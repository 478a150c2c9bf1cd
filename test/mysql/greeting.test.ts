import { describe, expect, it } from 'vitest';
import { firstPacketOf, plainText } from '../../src/mysql/greeting.js';
import { errorPacket, framed, greeting } from './impostor.js';

describe('the first packet', () => {
  it('is read when it is a greeting', () => {
    const packet = framed(greeting({ version: '5.5.5-10.11.19-MariaDB' }));
    expect(firstPacketOf(packet)).toEqual({
      kind: 'greeting',
      greeting: { version: '5.5.5-10.11.19-MariaDB', threadId: 77, tlsOffered: true },
    });
    expect(firstPacketOf(framed(greeting({ tls: false })))).toMatchObject({ greeting: { tlsOffered: false } });
  });

  it('is awaited byte by byte', () => {
    const packet = framed(greeting());
    for (let length = 0; length < packet.length; length++)
      expect(firstPacketOf(packet.subarray(0, length))).toEqual({ kind: 'incomplete' });
  });

  it.each([0, 1])('is read when it is a refusal, with sequence number %i', (sequence) => {
    expect(firstPacketOf(framed(errorPacket(1040, 'Too many connections'), sequence))).toEqual({
      kind: 'refusal',
      errno: 1040,
      text: 'Too many connections',
    });
    expect(firstPacketOf(framed(errorPacket(1129, 'Host is blocked', 'HY000'), sequence))).toEqual({
      kind: 'refusal',
      errno: 1129,
      text: 'Host is blocked',
    });
  });

  it.each([
    ['SSH-2.0-OpenSSH_9.2p1\r\n', /SSH/],
    ['HTTP/1.1 400 Bad Request\r\n', /HTTP/],
    ['220 mail.example ESMTP\r\n', /mail/],
    ['-ERR unknown command\r\n', /Redis/],
    [Buffer.from([0x15, 0x03, 0x03, 0, 2, 2, 40]), /TLS/],
    [Buffer.from([5, 0, 0, 0, 0x0b, 8, 5, 0x1a, 0]), /X protocol/],
    [framed(Buffer.from('\x095.0\0')), /protocol 9/],
    [framed(Buffer.from('\n8.0.1\0short')), /malformed/],
    [Buffer.concat([framed(greeting()), framed(Buffer.from([0, 0, 0]), 1)]), /out of turn/],
    [Buffer.alloc(64, 0xee), /first bytes are eeeeeeee/],
  ])('is told apart from other protocols: %j', (bytes, looks) => {
    const packet = firstPacketOf(Buffer.from(bytes));
    expect(packet.kind).toBe('foreign');
    expect(packet.kind === 'foreign' ? packet.looks : '').toMatch(looks);
  });
});

it('keeps control characters and floods out of messages', () => {
  expect(plainText('a\u001b[31m\r\nb\0')).toBe('a [31m b');
  expect(plainText('x'.repeat(1000))).toHaveLength(301);
});
