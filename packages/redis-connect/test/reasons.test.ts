import { parseRedisUrl } from '@holdfast/redis-connect'
import { expect, it } from 'vitest'
import { explained } from '../src/reasons.ts'

it.each([
  ['redis://a', 'Unknown RESP type 72 "H"', 'what answers there is no Redis'],
  ['redis://a', 'Protocol error, got "H" as reply type byte', 'what answers there is no Redis'],
  ['redis://a', 'write EPIPE', 'write EPIPE. Is that a Redis, and does this port want TLS (rediss://)?'],
  [
    'rediss://a',
    'read ECONNRESET',
    'read ECONNRESET. Does this port speak TLS, and does it ask for a certificate?',
  ],
  ['redis://a', 'NOAUTH HELLO must', 'it asks for a password, and the URL has none (NOAUTH)'],
  ['redis://:pw@a', 'NOAUTH HELLO must', 'NOAUTH HELLO must'],
  [
    'redis-sentinel://:pw@a/primary',
    'NOAUTH Authentication required.',
    'a sentinel asks for a password, and the URL has no ?sentinel-password= (NOAUTH)',
  ],
  ['redis://a', 'getaddrinfo ENOTFOUND a', 'getaddrinfo ENOTFOUND a'],
])('%s: %s', (url, said, reason) => {
  expect(explained(parseRedisUrl(url), said)).toBe(reason)
})
