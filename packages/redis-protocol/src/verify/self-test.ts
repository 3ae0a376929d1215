import { randomUUID } from 'node:crypto'
import { HoldfastError, type Storage } from '@holdfast/core'
import { type Feature, processOf } from '@holdfast/core/storage'
import { adviceOn, answerOf } from '../errors.ts'
import type { Finding } from './finding.ts'
import { throwawayName } from './throwaway.ts'

/** How long a message on a healthy connection may take. */
const MESSAGE_MS = 1_000
/** What the self-test leaves behind is gone after this time, or a minute where the protocol remembers deletions. */
const TTL_MS = 1_000

type Facets = Pick<Storage, 'records' | 'leases' | 'values'>

interface Part {
  readonly feature: Feature
  readonly what: string
  readonly stops: Pick<Finding, 'stopsWork' | 'stopsCache'>
  readonly work: (facets: Facets, name: string) => Promise<void>
  readonly hint: (facets: Facets, name: string) => Hint
}

const PARTS: readonly Part[] = [
  {
    feature: 'idempotency',
    what: 'records (idempotency)',
    stops: { stopsWork: true },
    work: ({ records }, name) => tryRecords(records, name),
    hint: ({ records }, name) => hintOfRecord(records, name),
  },
  {
    feature: 'locks',
    what: 'leases (locks)',
    stops: { stopsWork: true },
    work: ({ leases }, name) => tryLeases(leases, name),
    hint: ({ leases }, name) => hintOfLease(leases, name),
  },
  {
    feature: 'cache',
    what: 'values (cache)',
    // A load answers where the cache cannot.
    stops: { stopsWork: false, stopsCache: true },
    work: ({ values }, name) => tryValues(values, name),
    hint: ({ values }, name) => hintOfValue(values, name),
  },
]

/**
 * Does once, with throwaway names (of the `app`, if one is given), what the features do all the time; finds what the
 * server does not permit. `rights` are those to grant.
 */
export async function selfTest(
  facets: Facets,
  features: readonly Feature[],
  rights: string,
  app: string | undefined,
): Promise<Finding[]> {
  const name = throwawayName(app)
  const parts = PARTS.filter(({ feature }) => features.includes(feature))
  const refusals = await Promise.all(parts.map(({ work }) => refusal(() => work(facets, name))))
  const findings = parts.flatMap(({ what, stops }, i): Finding[] => {
    const refused = refusals[i]
    if (refused === undefined) return []
    const message = `The ${what} cannot work: ${refused}`
    return [{ code: 'COMMANDS_REFUSED', severity: 'error', message, fix: fixOf(refused, rights), ...stops }]
  })
  for (const { hint } of parts.filter((_, i) => refusals[i] === undefined)) {
    const finding = await tryHint(hint(facets, name), rights)
    // What refuses one of them refuses the other.
    if (finding !== undefined) return [...findings, finding]
  }
  return findings
}

function fixOf(refused: string, rights: string): string {
  if (/\bOOM\b/.test(refused)) {
    return 'Raise maxmemory, or free memory: new jobs, locks and cache entries are refused until then; what runs can end. Rights have nothing to do with it.'
  }
  if (isAboutRights(refused)) return `Permit the user what it lacks: ${rights}`
  return (
    adviceOn(refused) || 'Connect to Redis 6.2 or newer, or to Valkey, with a client that maps no replies.'
  )
}

function isAboutRights(refused: string): boolean {
  return /\bNOPERM\b|user executing the script can't run|ACL failure in script/.test(refused)
}

async function tryRecords(records: Storage['records'], name: string): Promise<void> {
  const key = { collection: name, id: 'record' }
  const write = { writeId: 'first', value: '', ttlMs: TTL_MS, notify: false }
  const { entry } = await records.put(key, null, write)
  if (entry !== null) await records.put(key, entry.rev, { ...write, writeId: 'second' })
  await records.list(name, { limit: 1 })
  const { now } = await records.read(key)
  await records.compareAndDelete(key, { writeId: 'second', notAfter: now + TTL_MS })
}

async function tryLeases(leases: Storage['leases'], name: string): Promise<void> {
  const process = randomUUID()
  const [token, other] = [`${process}.1`, `${process}.2`]
  const request = { leaseMs: TTL_MS, permits: 1, claimMs: TTL_MS, notAfter: Number.MAX_SAFE_INTEGER }
  const { now } = await leases.acquire(name, { ...request, token, wait: false })
  await leases.acquire(name, { ...request, token: other, wait: true })
  await leases.extend(name, { token, leaseMs: TTL_MS })
  for (const each of [other, token])
    await leases.release(name, { token: each, claimMs: TTL_MS, notAfter: now })
}

async function tryValues(values: Storage['values'], name: string): Promise<void> {
  await values.set(name, 'a', TTL_MS, Number.MAX_SAFE_INTEGER)
  await values.getMany([name])
  const stamp = await values.getHead(name, 13)
  if (stamp !== null) await values.patch(name, stamp, stamp, TTL_MS)
  await values.remove([name])
  const placeholder = await values.reserve(name, 'Lmine', TTL_MS)
  await values.reserve(name, 'Lother', TTL_MS)
  await values.extend(name, placeholder, TTL_MS)
  await values.replace(name, placeholder, 'b', TTL_MS)
  await values.removeIf(name, placeholder)
  await values.renew(name, 'G', TTL_MS)
  await values.ensure(name, 'G', 2 * TTL_MS)
  await values.remove([name])
  const life = { ttlMs: TTL_MS, on: 'create' } as const
  await values.hashes.set(name, [['field', 'a']], life, Number.MAX_SAFE_INTEGER)
  await values.hashes.get(name, ['field'])
  await values.hashes.getAll(name)
  await values.hashes.delete(name, ['field'])
  await values.counters.add(name, 1, randomUUID(), life, Number.MAX_SAFE_INTEGER)
  await values.removeMatching({ prefix: name, glob: '' })
  await values.remove([name])
}

interface Hint {
  subscribe(heard: () => void): Promise<() => unknown>
  /** Does what is to be heard. */
  cause(): Promise<unknown>
}

function hintOfRecord(records: Storage['records'], name: string): Hint {
  const key = { collection: name, id: 'hinted' }
  return {
    subscribe: (heard) => records.subscribe(key, () => heard()),
    cause: () => records.put(key, null, { writeId: 'w', value: '', ttlMs: TTL_MS, notify: true }),
  }
}

function hintOfLease(leases: Storage['leases'], name: string): Hint {
  const lock = `${name}-hinted`
  const [holder, waiter] = [`${randomUUID()}.1`, `${randomUUID()}.1`]
  const request = { leaseMs: TTL_MS, permits: 1, claimMs: TTL_MS, notAfter: Number.MAX_SAFE_INTEGER }
  return {
    subscribe: (heard) => leases.listen(processOf(waiter), heard),
    async cause() {
      await leases.acquire(lock, { ...request, token: holder, wait: false })
      await leases.acquire(lock, { ...request, token: waiter, wait: true })
      // The waiter hears that it has the lock now.
      for (const token of [holder, waiter]) {
        await leases.release(lock, { token, claimMs: TTL_MS, notAfter: Number.MAX_SAFE_INTEGER })
      }
    },
  }
}

function hintOfValue(values: Storage['values'], name: string): Hint {
  return {
    subscribe: (heard) => values.subscribe(name, heard),
    // That it is gone is a hint to those who wait.
    cause: () => values.removeIf(name, 'Lgone'),
  }
}

async function tryHint(hint: Hint, rights: string): Promise<Finding | undefined> {
  const without =
    'Without it, a caller that waits for a lock, a result or a value asks from time to time instead of receiving pushes.'
  let heard = (): void => {}
  const hear = new Promise<boolean>((resolve) => (heard = () => resolve(true)))
  let unsubscribe: (() => unknown) | undefined
  const refused = await refusal(async () => {
    unsubscribe = await hint.subscribe(heard)
  })
  if (refused !== undefined || unsubscribe === undefined) {
    return {
      code: 'SUBSCRIBE_REFUSED',
      severity: 'warning',
      message: `Subscribing is not possible: ${refused}. ${without}`,
      fix: `Permit it: ${rights}`,
    }
  }
  try {
    await hint.cause()
    let timer: ReturnType<typeof setTimeout> | undefined
    const silence = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), MESSAGE_MS)
    })
    const wasHeard = await Promise.race([hear, silence])
    clearTimeout(timer)
    if (wasHeard) return undefined
    return {
      code: 'PUBLISH_REFUSED',
      severity: 'warning',
      message: `A published message did not arrive within ${MESSAGE_MS} ms. ${without}`,
      fix: `Permit PUBLISH: ${rights}; a proxy in between must pass messages on.`,
    }
  } finally {
    await unsubscribe()
  }
}

/** What the server answered instead of doing it, or undefined when it did. What it did not answer is thrown. */
async function refusal(step: () => Promise<void>): Promise<string | undefined> {
  try {
    await step()
    return undefined
  } catch (error) {
    const answer = answerOf(error) ?? (isRefusal(error) ? error.message : undefined)
    if (answer === undefined) throw error
    return answer
  }
}

function isRefusal(error: unknown): error is HoldfastError {
  return HoldfastError.isInstance(error) && error.code === 'STORAGE_REFUSED'
}
