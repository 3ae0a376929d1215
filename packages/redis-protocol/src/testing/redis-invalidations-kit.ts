import assert from 'node:assert/strict'
import { Followed, type TestRunner, freshName, until } from '@holdfast/core/testing'
import { mastersOf } from '../client.ts'
import type { OpenRedis } from './redis-under-test.ts'

const FOREVER = Number.MAX_SAFE_INTEGER
const MANY = 20_000

/** The feed of invalidations where servers, connections and other programs meddle: F1, F3, F4 and F6. */
export function redisInvalidationsKit({ describe, it }: TestRunner, under: () => OpenRedis): void {
  const put = async (key: string): Promise<void> =>
    void (await under().storage.values.set(key, 'value', 60_000, FOREVER))
  /** What a command answers on every master. */
  const askAll = async (...command: readonly [string, ...string[]]): Promise<unknown[]> =>
    await Promise.all((await mastersOf(under().admin)).map((master) => master.send(command)))
  /** The ids of the connections on which the servers report to us. */
  const links = async (): Promise<string[]> => {
    const lists = await askAll('CLIENT', 'LIST', 'TYPE', 'pubsub')
    const lines = lists.flatMap((list, master) =>
      String(list)
        .split('\n')
        .map((line) => `${master} ${line}`),
    )
    return lines
      .filter((line) => / flags=\w*B/.test(line))
      .map((line) => /^\d+ id=\d+/.exec(line)?.[0] ?? '')
      .sort()
  }
  const follow = async (prefix: string): Promise<Followed> => {
    const followed = new Followed(under().storage.values, prefix, 30_000)
    await followed.up()
    return followed
  }
  const counted = (followed: Followed, kind: string): number =>
    followed.heard.all.filter((each) => each.kind === kind).length

  describe('invalidations of Redis', () => {
    it('F3 ends when a link is killed, and F4 begins anew', async () => {
      const prefix = `${freshName('near')}:`
      const followed = await follow(prefix)
      await until('there are links', async () => (await links()).length > 0)
      await askAll('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await followed.down()
      await followed.up(1)
      const before = followed.times(`${prefix}a`)
      await put(`${prefix}a`)
      await followed.invalidated(`${prefix}a`, before + 1)
      followed.stop()
    })

    it('F3 ends when the connection that reads is killed, and F4 begins anew', async () => {
      const prefix = `${freshName('near')}:`
      const followed = await follow(prefix)
      await askAll('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes').catch(() => {})
      await until('it is down', async () => {
        // A pool or a cluster learns of it from a command.
        await under()
          .storage.values.getMany([`${prefix}a`])
          .catch(() => {})
        return counted(followed, 'down') > 0
      })
      await followed.up(1)
      await until('a write is reported', async () => {
        await put(`${prefix}a`).catch(() => {})
        return followed.times(`${prefix}a`) > 0
      })
      followed.stop()
    })

    it('F1 reports a flush as a change of everything', async () => {
      const followed = await follow(`${freshName('near')}:`)
      const [master] = await mastersOf(under().admin)
      await master?.send(['FLUSHDB'])
      await followed.heard.until((all) => all.some(({ kind }) => kind === 'everything'))
      followed.stop()
    })

    it('F1 ignores what others publish where the servers report, and says so', async () => {
      const prefix = `${freshName('near')}:`
      const followed = await follow(prefix)
      for (const forged of [`kit:v:${prefix}a`, '', 'null'])
        await under().admin.send(['PUBLISH', '__redis__:invalidate', forged])
      await until('it is said', async () => counted(followed, 'ignored') >= 3)
      await put(`${prefix}b`)
      await followed.invalidated(`${prefix}b`)
      assert.equal(followed.times(`${prefix}a`), 0)
      assert.equal(counted(followed, 'down'), 0)
      followed.stop()
    })

    it('F1 reports what scripts and transactions of others do', async () => {
      const prefix = `${freshName('near')}:`
      const followed = await follow(prefix)
      const keys = ['{a}1', '{a}2', '{a},3'].map((key) => `${prefix}${key}`)
      const named = keys.map((key) => `kit:v:${key}`)
      const script = "for _, key in ipairs(KEYS) do redis.call('SET', key, '1', 'PX', 60000) end"
      await under().admin.send(['EVAL', script, String(named.length), ...named], named[0])
      for (const key of keys) await followed.invalidated(key)
      followed.stop()
    })

    it(`F1 reports ${MANY} keys that change at once`, async () => {
      const { client, admin } = under()
      if (client.cluster !== undefined) return // one script reaches one slot of it
      const prefix = `${freshName('near')}:`
      let told = 0
      const following = under().storage.values.invalidations?.follow(
        prefix,
        { maxStaleMs: 30_000 },
        {
          up: () => (told = -1),
          invalidated: (keys) => (told = Math.max(told, 0) + keys.length),
          proven() {},
          everything() {},
          down() {},
          ignored() {},
          refused() {},
        },
      )
      await until('it is up', async () => told === -1)
      const script =
        "for i = 1, tonumber(ARGV[2]) do redis.call('SET', ARGV[1] .. i, '1', 'PX', 1000) end return 1"
      await admin.send(['EVAL', script, '0', `kit:v:${prefix}`, String(MANY)])
      await until('all are reported', async () => told >= MANY)
      following?.stop()
      await admin.send(['FLUSHDB'])
    })

    it('F6 shares links: a prefix within another adds none, a further one replaces them without an end', async () => {
      const name = freshName('near')
      const first = await follow(`${name}:1:`)
      const before = await links()
      assert.equal(before.length, (await mastersOf(under().admin)).length)
      const within = await follow(`${name}:1:a:`)
      assert.deepEqual(await links(), before)
      const others = await Promise.all(Array.from({ length: 11 }, (_, i) => follow(`${name}:${i + 2}:`)))
      await until('the old links are gone', async () => {
        const now = await links()
        return now.length === before.length && now.every((link) => !before.includes(link))
      })
      await put(`${name}:1:a:b`)
      await put(`${name}:12:b`)
      await Promise.all([
        first.invalidated(`${name}:1:a:b`),
        within.invalidated(`${name}:1:a:b`),
        others.at(-1)?.invalidated(`${name}:12:b`),
      ])
      assert.deepEqual(
        [first, within, ...others].map((each) => counted(each, 'down')),
        Array(13).fill(0),
      )
      for (const each of [first, within, ...others]) each.stop()
      await until('the links end with the last who follows', async () => (await links()).length === 0)
    })
  })
}
