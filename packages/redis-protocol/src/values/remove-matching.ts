import type { Removed } from '@holdfast/core/storage'
import { type RedisClient, type RedisNode, mastersOf } from '../client.ts'
import { asStorageError } from '../errors.ts'
import { isOperationKey } from './redis-counters.ts'
import { removeMany } from './remove.ts'
import { BEGIN, DONE, SCANNED_AT_A_TIME, type Scan, nextChunk, runOf } from './scan.ts'

/** After this a step ends, so that its caller can end the whole: most servers have scanned some thousand keys by then. */
const STEP_MS = 20

/** How far each master is, by its name. */
type Position = Readonly<Record<string, Scan>>

/** One step: every master that is not done goes on for {@link STEP_MS}, and removes all that it finds. */
export async function removeMatching(
  client: RedisClient,
  pattern: string,
  position?: string,
): Promise<Removed> {
  const before = (position === undefined ? {} : JSON.parse(position)) as Position
  const masters = await mastersOf(client)
  const walks = await Promise.allSettled(masters.map((master) => walk(client, master, pattern, before)))
  // Only when all have ended: a repetition is not to send beside them.
  const failed = walks.find(({ status }) => status === 'rejected')
  if (failed !== undefined) throw asStorageError((failed as PromiseRejectedResult).reason, 'SCAN and UNLINK')
  const steps = walks.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const sum = (of: 'scanned' | 'removed'): number => steps.reduce((total, step) => total + step[of], 0)
  const counts = { scanned: sum('scanned'), removed: sum('removed') }
  if (steps.every(({ scan }) => scan.cursor === DONE)) return counts
  // A master that is gone is in it no more, and one that is new begins.
  const after = Object.fromEntries(steps.map(({ name, scan }) => [name, scan]))
  return { ...counts, position: JSON.stringify(after) }
}

interface Step {
  readonly name: string
  readonly scan: Scan
  readonly scanned: number
  readonly removed: number
}

async function walk(
  client: RedisClient,
  master: RedisNode,
  pattern: string,
  before: Position,
): Promise<Step> {
  const { name } = master
  let scan = Object.hasOwn(before, name)
    ? (before[name] as Scan)
    : { run: await runOf(master), cursor: BEGIN }
  let found: readonly string[] = []
  const counts = { scanned: 0, removed: 0 }
  const endAt = performance.now() + STEP_MS
  while (scan.cursor !== DONE && (counts.scanned === 0 || performance.now() < endAt)) {
    // The server has its next chunk to look for while the answer of this one is on its way.
    const [removed, chunk] = await Promise.all([unlink(client, found), nextChunk(master, pattern, scan)])
    counts.removed += removed
    counts.scanned += Math.max(chunk.found.length, chunk.cursor === DONE ? 0 : SCANNED_AT_A_TIME)
    // The answers of counters are not shown, and stay.
    found = chunk.found.filter((name) => !isOperationKey(name))
    scan = { run: chunk.run, cursor: chunk.cursor }
  }
  counts.removed += await unlink(client, found)
  return { name, scan, ...counts }
}

function unlink(client: RedisClient, names: readonly string[]): Promise<number> {
  return removeMany(client, names, (name) => name)
}
