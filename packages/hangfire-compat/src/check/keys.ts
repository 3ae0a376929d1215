import type { Reader } from '../monitor/reader.ts'
import type { Found } from '../monitor/unreadable.ts'
import { type HangfireKeys, lockResources } from '../wire/keys.ts'
import type { Findings } from './findings.ts'

/** Whose a key is, by what follows the prefix. */
function ownerOf(rest: string): 'Hangfire' | 'a lock of Hangfire' | 'Hangfire.Pro' | 'Holdfast' | 'unknown' {
  return OWNERS.find(([, pattern]) => pattern.test(rest))?.[0] ?? 'unknown'
}

const GUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'

const OWNERS = [
  [
    'a lock of Hangfire',
    /^(?:job:.*:state-lock|lock:recurring-job:.*|recurring-jobs:lock|locks:schedulepoller|queue:.*:dequeued:lock)$/s,
  ],
  ['Hangfire.Pro', /^(?:batch:|batches$)/],
  // Of locks what is remembered, how acquisitions ended, and whatever else it has beside .NET's keys.
  ['Holdfast', /^\{?holdfast:/],
  [
    'Hangfire',
    /^(?:queues|schedule|retries|processing|failed|awaiting|succeeded|deleted|recurring-jobs|servers)$/,
  ],
  ['Hangfire', /^(?:job|queue|recurring-job|server|stats|console):/],
  // A console of early versions of Hangfire.Console.
  ['Hangfire', new RegExp(`^[0-9a-f]{11}${GUID}$`)],
] as const

/** How many keys that are not of Hangfire are looked at more closely. */
const LOOKED_AT = 500

/** What the keys show that no list leads to: keys of others, of Hangfire.Pro, and locks that do not end. */
export async function checkKeys(
  reader: Reader,
  { prefix }: HangfireKeys,
  keys: readonly string[],
  findings: Findings,
  found: Found,
): Promise<void> {
  const owned = keys.map((key) => [key, ownerOf(key.slice(prefix.length))] as const)
  for (const [key, owner] of owned) if (owner === 'Hangfire.Pro') findings.add('HANGFIRE_PRO', key)
  const others = owned.filter(([, owner]) => owner === 'unknown' || owner === 'a lock of Hangfire')
  await Promise.all(
    others.slice(0, LOOKED_AT).map(async ([key, owner]) => {
      const [ttl, value] = await Promise.all([
        reader.integer(['PTTL', key], key, found),
        owner === 'unknown' ? textAt(reader, key) : undefined,
      ])
      const isLock = owner === 'a lock of Hangfire' || (value !== undefined && IS_GUID.test(value))
      if (isLock && ttl === -1) findings.add('LOCK_WITHOUT_EXPIRY', key)
      // -2: it has ended meanwhile. A lock is there for 30 s at a time.
      else if (!isLock && ttl !== -2) findings.add('UNKNOWN_KEYS', key)
    }),
  )
}

/** Locks that stop schedulers and watchers of every server, which are found without a scan. */
export async function checkLocks(
  reader: Reader,
  keys: HangfireKeys,
  queues: readonly string[],
  findings: Findings,
  found: Found,
): Promise<void> {
  const { recurringScheduler, delayedScheduler, fetchedWatcher } = lockResources
  const locks = [recurringScheduler, delayedScheduler, ...queues.map(fetchedWatcher)].map(keys.lock)
  await Promise.all(
    locks.map(async (key) => {
      if ((await reader.integer(['PTTL', key], key, found)) === -1) findings.add('LOCK_WITHOUT_EXPIRY', key)
    }),
  )
}

const IS_GUID = new RegExp(`^${GUID}$`, 'i')

/** Undefined for another type. */
async function textAt(reader: Reader, key: string): Promise<string | undefined> {
  return await reader.text(key, { unreadable: [], add() {}, attempt: () => undefined })
}
