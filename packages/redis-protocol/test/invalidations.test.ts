import { createKeys } from '../src/keys.ts'
import { Pauses } from '../src/invalidations/pauses.ts'
import { openLinks } from '../src/invalidations/open-links.ts'
import { redisInvalidations } from '../src/invalidations/redis-invalidations.ts'
import { type RedisClient, aclRules, redisStorage } from '../src/index.ts'
import { Followed } from '@holdfast/core/testing'
import { FaultProxy } from '@holdfast/test-support/proxy'
import { RedisNode, Replicated, until } from '@holdfast/test-support/servers'
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Login, openPlainClient } from './plain-client.ts'

const server = await RedisNode.start()
afterAll(async () => await server.stop())

const FOREVER = Number.MAX_SAFE_INTEGER

/** Follows `app:`, over a client that reads at one port and has its links at another. */
async function follow({
  port = server.port,
  linksAt = port,
  maxStaleMs = 30_000,
  login,
}: {
  readonly port?: number
  readonly linksAt?: number
  readonly maxStaleMs?: number
  readonly login?: Login
} = {}) {
  const [reads, links] = await Promise.all([openPlainClient(port, login), openPlainClient(linksAt, login)])
  const client: RedisClient = { ...reads, openConnection: (events) => links.openConnection(events) }
  const storage = redisStorage(client)
  const followed = new Followed(storage.values, 'app:', maxStaleMs)
  onTestFinished(async () => {
    followed.stop()
    await storage.close()
    links.detach()
  })
  const put = async (key: string): Promise<unknown> => await storage.values.set(key, 'value', 60_000, FOREVER)
  const counted = (kind: string): number => followed.heard.all.filter((each) => each.kind === kind).length
  const refused = (): readonly string[] =>
    followed.heard.all.flatMap((each) => (each.kind === 'refused' ? [each.reason.code] : []))
  const isRefused = async (): Promise<void> => await followed.heard.until(() => refused().length > 0)
  return { storage, followed, put, counted, refused, isRefused }
}

/** Further attempts to open a link are made there. */
async function triesAgain(at: RedisNode): Promise<void> {
  const attempts = async () =>
    Number((await at.info('commandstats'))['cmdstat_client|id']?.match(/calls=(\d+)/)?.[1])
  const before = await attempts()
  await until('it has tried again', async () => (await attempts()) >= before + 5)
}

describe('a link counts only where it reports what the client writes', () => {
  it('is refused when it leads to another server', async () => {
    const other = await RedisNode.start()
    onTestFinished(async () => await other.stop())
    const { followed, refused, isRefused, counted } = await follow({ linksAt: other.port })
    await isRefused()
    await triesAgain(other)
    expect(refused()).toEqual(['TRACKING_UNPROVEN'])
    expect(counted('up')).toBe(0)
    followed.stop()
  })

  it('is refused when it leads to a replica, though that reports what it gets', async () => {
    const servers = await Replicated.start({ replicas: 1 })
    onTestFinished(async () => await servers.stop())
    const [replica] = servers.replicas
    if (replica === undefined) throw new Error('there is no replica')
    const { refused, isRefused, counted } = await follow({
      port: servers.primary.port,
      linksAt: replica.port,
    })
    await isRefused()
    await triesAgain(replica)
    expect(refused()).toEqual(['TRACKING_UNPROVEN'])
    expect(counted('up')).toBe(0)
  })

  it('leaves no key behind, and reports none of its own', async () => {
    const { followed, storage, put } = await follow()
    await followed.up()
    await put('app:a')
    await followed.invalidated('app:a')
    const own = async () => (await server.ask('KEYS', '*near-*')) as readonly string[]
    await until('its key is gone', async () => (await own()).length === 0)
    await followed.proven(performance.now() - 60_000)
    const keys = followed.heard.all.flatMap((each) => (each.kind === 'invalidated' ? [each.key] : []))
    expect(new Set(keys)).toEqual(new Set(['app:a']))
    await storage.values.remove(['app:a'])
  })
})

describe('rights', () => {
  const password = 'secret'
  const asUser = async (user: string, ...without: readonly string[]) => {
    const rules = [...aclRules({ features: ['cache', 'near'] }), ...without]
    await server.ask('ACL', 'SETUSER', user, 'reset', 'on', `>${password}`, ...rules)
    return { user, password }
  }

  it.each([
    ['-client|tracking', 'TRACKING_REFUSED'],
    ['-client|id', 'TRACKING_REFUSED'],
    ['-subscribe', 'TRACKING_REFUSED'],
    ['-ping', 'TRACKING_REFUSED'],
    ['-set', 'TRACKING_REFUSED'],
    ['resetchannels', 'TRACKING_CHANNEL'],
  ])('without %s it is refused, once, and is up when the user has it', async (without, code) => {
    const user = `without-${without.replace(/\W/g, '')}`
    const { followed, refused, isRefused, counted } = await follow({ login: await asUser(user, without) })
    await isRefused()
    const log = async () => (await server.ask('ACL', 'LOG')) as readonly (readonly unknown[])[]
    const attempts = async () =>
      (await log()).filter((entry) => entry.includes(user)).reduce((sum, entry) => sum + Number(entry[1]), 0)
    await until('it has tried again', async () => (await attempts()) >= 3)
    expect(refused()).toEqual([code])
    expect(counted('up')).toBe(0)
    await asUser(user)
    await followed.up()
    expect(refused()).toEqual([code])
  })

  it('ends at once when a right is taken away, and says why', async () => {
    const user = 'loses-its-channel'
    const { followed, refused, isRefused } = await follow({ login: await asUser(user) })
    await followed.up()
    await server.ask('ACL', 'SETUSER', user, 'resetchannels')
    await followed.down()
    await isRefused()
    expect(refused()).toEqual(['TRACKING_CHANNEL'])
  })

  it('says why also to those who begin to follow later', async () => {
    const { storage, isRefused } = await follow({ login: await asUser('refused-twice', 'resetchannels') })
    await isRefused()
    const later = new Followed(storage.values, 'app:b:', 30_000)
    await later.heard.until((all) => all.some(({ kind }) => kind === 'refused'))
    later.stop()
  })
})

describe('a link that is silent', () => {
  // The simulator has a link for itself, which tells core an instant: that it is the right one can be seen here only.
  it('counts from when the PING left, and not from when its PONG came', async () => {
    const plain = await openPlainClient(server.port)
    /** Called when a PONG is here, with what lets it through. */
    let onPong: (letThrough: () => void) => void = () => {}
    const pong = (): Promise<() => void> => new Promise((resolve) => (onPong = resolve))
    const client: RedisClient = {
      ...plain,
      async openConnection(events) {
        const link = await plain.openConnection(events)
        const send: typeof link.send = async (command) => {
          const reply = await link.send(command)
          if (command[0] === 'PING') await new Promise<void>((resolve) => onPong(resolve))
          return reply
        }
        return { ...link, send }
      },
    }
    const first = pong()
    const opening = openLinks(client, ['holdfast:v:app:'], { invalidated() {}, ignored() {}, lost() {} })
    const open = await first
    const openedBy = performance.now()
    open()
    const links = await opening
    onTestFinished(() => {
      links.close()
      plain.detach()
    })
    expect(links.provenAt).toBeLessThan(openedBy)
    const second = pong()
    const proving = links.prove()
    const prove = await second
    const provenBy = performance.now()
    expect(links.provenAt).toBeLessThan(openedBy)
    prove()
    await proving
    expect(links.provenAt).toBeGreaterThanOrEqual(openedBy)
    expect(links.provenAt).toBeLessThan(provenBy)
  })

  it('ends in a black hole, and begins anew when that is over', async () => {
    const proxy = await FaultProxy.start({ target: server.address })
    onTestFinished(async () => await proxy.stop())
    const { followed, put } = await follow({ linksAt: proxy.port, maxStaleMs: 300 })
    await followed.up()
    proxy.blackHole()
    await put('app:unheard')
    await followed.down()
    // What it proved, it proved before the write.
    expect(followed.times('app:unheard')).toBe(0)
    proxy.reset()
    await proxy.heal()
    await followed.up(1)
    await put('app:heard')
    await followed.invalidated('app:heard')
  })

  it('ends with a server that is frozen', async () => {
    const frozen = await RedisNode.start()
    onTestFinished(async () => await frozen.stop())
    const { followed, put } = await follow({ port: frozen.port, maxStaleMs: 300 })
    await followed.up()
    frozen.pause()
    await followed.down()
    frozen.resume()
    await followed.up(1)
    await put('app:a')
    await followed.invalidated('app:a')
  })
})

describe('a link that is killed', () => {
  /** Kills it so often; returns how long it waited each time before it was opened again. */
  const killed = async (times: number, { followed, counted }: Awaited<ReturnType<typeof follow>>) => {
    const next = vi.spyOn(Pauses.prototype, 'next').mockClear()
    onTestFinished(() => next.mockRestore())
    for (let i = 0; i < times; i += 1) {
      const downs = counted('down') + 1
      await server.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await followed.down(downs)
      await followed.up(downs)
    }
    return next.mock.results.map(({ value }) => value as number)
  }

  it('is opened ever later when it is killed again right away', async () => {
    // Its first beat is far off.
    const following = await follow({ maxStaleMs: 60_000 })
    await following.followed.up()
    const waits = await killed(4, following)
    for (const [i, wait] of waits.entries()) expect(wait).toBeGreaterThanOrEqual(12.5 * 2 ** i)
  })

  it('is opened at once when it has lasted', async () => {
    const following = await follow({ maxStaleMs: 300 })
    await following.followed.up()
    await killed(4, following)
    await following.followed.proven(performance.now())
    const [wait] = await killed(1, following)
    expect(wait).toBeLessThanOrEqual(25)
  })
})

it('ends with the storage, and says so', async () => {
  const { followed, storage } = await follow()
  await followed.up()
  await storage.close()
  await followed.down()
  const links = async () => String(await server.ask('CLIENT', 'LIST', 'TYPE', 'pubsub')).match(/ flags=\w*B/g)
  await until('the link is gone', async () => (await links()) === null)
})

it('opens nothing where nobody follows', async () => {
  const client = await openPlainClient(server.port)
  let opened = 0
  const feed = redisInvalidations(
    {
      ...client,
      openConnection: (events) => {
        opened += 1
        return client.openConnection(events)
      },
    },
    createKeys('holdfast'),
  )
  feed.close()
  feed.follow('a:', { maxStaleMs: 1_000 }, {} as never).stop()
  await server.ask('PING')
  expect(opened).toBe(0)
  client.detach()
})
