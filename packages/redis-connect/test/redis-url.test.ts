import { ConnectError, describeTarget, parseRedisUrl } from '@holdfast/redis-connect'
import { describe, expect, it } from 'vitest'

const server = (host: string, port: number) => ({ host, port })

describe('a URL of Redis', () => {
  it.each([
    ['redis://localhost', { servers: [server('localhost', 6379)], database: 0, tls: false }],
    [
      'rediss://ann:p%40ss%2C@[::1]:6380/3',
      { servers: [server('::1', 6380)], username: 'ann', password: 'p@ss,', database: 3, tls: true },
    ],
    [
      'redis://ann:pw@a:7000,b:7001,c',
      {
        servers: [server('a', 7000), server('b', 7001), server('c', 6379)],
        username: 'ann',
        password: 'pw',
        database: 0,
        tls: false,
      },
    ],
    [
      'redis://a:7000,redis://b:7001',
      { servers: [server('a', 7000), server('b', 7001)], database: 0, tls: false },
    ],
    [
      'rediss-sentinel://:pw@a,b:26380/mymaster/2?sentinel-password=spw',
      {
        servers: [server('a', 26379), server('b', 26380)],
        sentinel: { name: 'mymaster', password: 'spw' },
        password: 'pw',
        database: 2,
        tls: true,
      },
    ],
    [
      'unix:///run/redis.sock?db=4&user=ann&password=p+w',
      {
        servers: [server('', 6379)],
        path: '/run/redis.sock',
        username: 'ann',
        password: 'p+w',
        database: 4,
        tls: false,
      },
    ],
  ])('%s', (url, target) => {
    expect(parseRedisUrl(url)).toEqual(target)
  })

  it.each([
    ['rediss://ann:secret@[::1]:6380/3', 'rediss://[::1]:6380/3'],
    ['redis://ann:secret@a:1,b:2', 'redis://a:1,b:2/0'],
    ['redis-sentinel://ann:secret@a/main?sentinel-password=secret', 'redis-sentinel://a:26379/main/0'],
    ['unix:///run/redis.sock?password=secret', 'unix:///run/redis.sock?db=0'],
  ])('%s is shown without its user', (url, shown) => {
    expect(describeTarget(parseRedisUrl(url))).toBe(shown)
  })

  it.each([
    '',
    'localhost:6379',
    'http://ann:secret@localhost',
    'redis://',
    'redis://ann:secret@localhost/db0',
    'redis://ann:secret@localhost#secret',
    'redis://ann:%zzsecret@localhost',
    'redis://localhost?password=secret',
    'redis-sentinel://ann:secret@localhost',
    'redis-sentinel://ann:secret@localhost/main/secret',
    'unix://ann:secret@localhost/sock',
    'redis://a,unix:///secret',
  ])('%j is refused, in one line that shows nothing of it', (url) => {
    const refused = (): unknown => parseRedisUrl(url)
    expect(refused).toThrow(ConnectError)
    expect(refused).toThrow(/^The [^\n]+$/)
    expect(refused).not.toThrow(/secret/)
    expect(refused).toThrow(expect.objectContaining({ reason: 'url' }))
  })
})
