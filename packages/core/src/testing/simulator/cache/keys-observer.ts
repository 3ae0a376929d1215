import type { SetReply } from '../../../storage/values.ts'
import type { Life } from '../../../storage/hashes.ts'
import type { Command } from '../simulated-server.ts'
import type { World } from '../workload.ts'
import type { Judge } from './judge.ts'

/** For so long a dead loader keeps the others waiting, at most. */
const GUARD_MS = 5_000

/** Where an operation has its time to live, by the index of its argument. */
const TTL_AT: Readonly<Record<string, number>> = {
  set: 2,
  reserve: 2,
  extend: 2,
  replace: 3,
  patch: 3,
  ensure: 2,
  renew: 2,
}

/** What is stored ends: every key has a time to live, and no longer than it may be; and nothing is written late. */
export class KeysObserver {
  readonly #world: World
  readonly #judge: Judge
  readonly #longestMs: number
  readonly #hardTimeoutMs: number
  /** When each placeholder was put. */
  readonly #guards = new Map<string, { readonly from: string; readonly at: number }>()

  /** `longestMs`: how long any entry may live. `hardTimeoutMs`: how long any load may take. */
  readonly #refusedAt = new Map<number, number>()

  constructor(world: World, judge: Judge, longestMs: number, hardTimeoutMs: number) {
    this.#world = world
    this.#judge = judge
    this.#longestMs = longestMs
    this.#hardTimeoutMs = hardTimeoutMs
  }

  executed(command: Command, reply: unknown): void {
    const { op, args, facet, from, sentAt } = command
    if (from === 'foreign') return
    if (facet === 'counters' || (facet === 'hashes' && op === 'set')) {
      const { outcome } = reply as SetReply
      if (outcome === 'written') this.inTime(command)
      const life = args[facet === 'hashes' ? 2 : 3] as Life
      return this.#bounded(String(args[0]), life.ttlMs, this.#longestMs)
    }
    const at = TTL_AT[op]
    if (at === undefined || facet !== 'values') return
    const key = String(args[0])
    const ttlMs = args[at] as number
    const isGuard = op === 'reserve' || op === 'extend'
    const isGeneration = op === 'ensure' || op === 'renew'
    // A generation must live as long as a load and what it stores.
    const longestOfGenerations = 2 * (this.#longestMs + Math.max(30_000, this.#hardTimeoutMs))
    this.#bounded(key, ttlMs, isGuard ? GUARD_MS : isGeneration ? longestOfGenerations : this.#longestMs)
    const { now } = this.#world.scheduler
    if (op === 'set' && (reply as SetReply).outcome === 'written') this.inTime(command)
    if ((op === 'set' && (reply as SetReply).outcome === 'written') || (op === 'replace' && reply === true)) {
      const stored = args[op === 'set' ? 1 : 2]
      const [, value] = /"(v\d+)"$/.exec(typeof stored === 'string' ? stored : '') ?? []
      if (value !== undefined) this.#judge.stored(value)
    }
    if (op === 'reserve' && String(reply).startsWith(String(args[1]))) {
      const placeholder = String(reply).replace(/\+$/, '')
      if (!this.#guards.has(placeholder)) this.#guards.set(placeholder, { from, at: now })
    }
    if (op === 'extend' && reply === true) this.#ends(key, String(args[1]), sentAt)
  }

  #bounded(key: string, ttlMs: number, longestMs: number): void {
    if (ttlMs > 0 && ttlMs <= longestMs) return
    this.#world.violated('No immortal key', `${key} is to live for ${ttlMs} ms; ${longestMs} at most`)
  }

  /** A load that never settles must not pin its key. */
  #ends(key: string, placeholder: string, sentAt: number): void {
    const guard = this.#guards.get(placeholder)
    if (guard === undefined) return
    const { scenario } = this.#world
    let slackMs = 1_000
    for (const incident of scenario.incidents)
      if (incident.kind === 'pause' || incident.kind === 'sleep') slackMs += incident.forMs
    const heldMs = sentAt - guard.at
    if (heldMs > this.#hardTimeoutMs * 1.012 + slackMs)
      this.#world.violated('A load ends', `${guard.from} holds ${key} for ${heldMs.toFixed(0)} ms`)
  }

  /** A call has failed: what it has sent is not executed any more. */
  refused(operation: number): void {
    this.#refusedAt.set(operation, this.#world.scheduler.now)
  }

  /** What a caller gave up is not stored later, by any clock. */
  inTime(command: Command): void {
    const { args, sentAt } = command
    const operation = this.#judge.operationOf(command)
    const { scheduler, scenario } = this.#world
    const { setBackMs, setOnMs, calmFrom } = scenario
    const { now } = scheduler
    const key = String(args[0])
    const unsureMs = setBackMs + setOnMs + (250 + calmFrom) * 0.01
    if (now - sentAt > 250 + unsureMs)
      this.#world.violated('Nothing late', `${key} was set ${(now - sentAt).toFixed(0)} ms after it was sent`)
    const refusedAt = operation === undefined ? undefined : this.#refusedAt.get(operation)
    if (refusedAt === undefined) return
    if (sentAt > refusedAt || now > refusedAt + unsureMs)
      this.#world.violated(
        'Nothing late',
        `${key} was set ${(now - refusedAt).toFixed(0)} ms after #${operation} was refused`,
      )
  }
}
