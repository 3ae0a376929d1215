/**
 * A process that keeps copies while others write: `near-follower.ts <contender> <url> <raw> [<port of its links>]`, which
 * messages tell what to do.
 */
import { setImmediate, setTimeout } from 'node:timers/promises'
import { createHoldfast } from '@holdfast/core'
import type { InvalidationFeed, Storage } from '@holdfast/core/storage'
import { TTL_MS, VALUE } from './cache-contender.ts'
import { nearContenders, nearStorage } from './near-contenders.ts'

export type FollowerTask =
  /** Writes so many entries, and reads them until it keeps them all. */
  | { readonly run: 'keep'; readonly keys: readonly string[] }
  /** What the process has used of its processor, in microseconds. */
  | { readonly run: 'cpu' }
  /** So many reads of the raw client, one after the other: microseconds of the processor for each. */
  | { readonly run: 'raw'; readonly count: number }
  /** When it has dropped which entry, since it was asked last: by the key of the storage. */
  | { readonly run: 'dropped' }
  /** Reads a key all the time, until it is asked what it saw. */
  | { readonly run: 'watch'; readonly key: string }
  /** For each value that it got: when the last read that got it has begun. */
  | { readonly run: 'seen' }

const [, , name = '', url = '', rawName = '', linkPort] = process.argv
const clock = (): number => Number(process.hrtime.bigint()) / 1e6
const dropped = new Map<string, number>()
/** From the first time that it is asked: what it costs to note it is no cost of an invalidation. */
let isNoting = false

/** Says when copies have gone: the listener has dropped them when it returns. */
function tapped(storage: Storage): Storage {
  const { invalidations } = storage.values
  if (invalidations === undefined) throw new Error('the storage reports no invalidations')
  const feed: InvalidationFeed = {
    follow: (prefix, options, listener) =>
      invalidations.follow(prefix, options, {
        up: (at) => listener.up(at),
        proven: (at) => listener.proven(at),
        down: () => listener.down(),
        everything: () => listener.everything(),
        ignored: () => listener.ignored(),
        refused: (reason) => listener.refused(reason),
        invalidated(keys) {
          listener.invalidated(keys)
          if (!isNoting) return
          const at = clock()
          for (const key of keys) dropped.set(key, at)
        },
      }),
  }
  return { ...storage, values: { ...storage.values, invalidations: feed } }
}

const storage = tapped(await nearStorage(name, url, linkPort === undefined ? undefined : Number(linkPort)))
const { cache } = createHoldfast({ storage, cache: { ttlMs: TTL_MS, near: { maxEntries: 100_000 } } })
const raw = await nearContenders[rawName]?.(url)
if (raw === undefined) throw new Error(`no raw code ${rawName}`)
let watching:
  | { isOver: boolean; readonly seen: Map<string, number>; readonly done: Promise<void> }
  | undefined

async function keep(keys: readonly string[]): Promise<void> {
  let left = keys
  // After a fault there is no link at first, for some seconds.
  for (let i = 0; i < 3_000 && left.length > 0; i += 1) {
    for (let at = 0; at < left.length; at += 100)
      await Promise.all(left.slice(at, at + 100).map((key) => cache.get(key)))
    await (i < 200 ? setImmediate() : setTimeout(10))
    left = keys.filter((key) => cache.peek(key) === undefined)
  }
  if (left.length > 0) throw new Error(`${left.length} keys are not kept`)
}

function watch(key: string): NonNullable<typeof watching> {
  const seen = new Map<string, number>()
  const watched = { isOver: false, seen, done: Promise.resolve() }
  const read = async (): Promise<void> => {
    while (!watched.isOver) {
      const at = clock()
      const value = await cache.get<string>(key).catch(() => undefined)
      if (value !== undefined) seen.set(value, at)
      await setImmediate()
    }
  }
  watched.done = read()
  return watched
}

async function perform(task: FollowerTask): Promise<unknown> {
  switch (task.run) {
    case 'keep':
      return await keep(task.keys)
    case 'cpu': {
      const { user, system } = process.cpuUsage()
      return user + system
    }
    case 'raw': {
      await raw?.set('raw', VALUE)
      const before = process.cpuUsage()
      for (let i = 0; i < task.count; i += 1) await raw?.get('raw')
      const { user, system } = process.cpuUsage(before)
      return (user + system) / task.count
    }
    case 'dropped': {
      isNoting = true
      const all = [...dropped]
      dropped.clear()
      return all
    }
    case 'watch':
      watching = watch(task.key)
      return undefined
    case 'seen': {
      if (watching === undefined) throw new Error('it watches nothing')
      watching.isOver = true
      await watching.done
      return [...watching.seen]
    }
  }
}

process.on('disconnect', () => process.exit())
process.on('message', (task: FollowerTask) => {
  perform(task).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
process.send?.('ready')
