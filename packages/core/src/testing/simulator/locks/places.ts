import { instanceOf } from '../../../locks/process-name.ts'
import {
  type AcquireReply,
  type LeaseHolder,
  type LeaseRequest,
  type LeaseView,
  type ReleaseReply,
  type RevokeReply,
  processOf,
} from '../../../storage/leases.ts'
import type { SimulatedProcess } from '../simulated-process.ts'
import type { Command } from '../simulated-server.ts'
import type { World } from '../workload.ts'
import type { Profile } from './plan.ts'

/** What the storage held right after a command. */
interface Seen {
  readonly view: LeaseView
  /** The storage's clock at that time, in milliseconds. */
  readonly at: number
}

/** Until when a key is held, in true time. */
interface Occupation {
  /** By the last lease, unless it is released before. */
  endsAt: number
  /** The longest rest that a lease was seen to have. */
  longestMs: number
  /** By as many as may hold it. */
  fullUntil: number
}

/** One command, and what it did. */
interface Step {
  readonly command: Command
  readonly key: string
  readonly token: string | undefined
  readonly reply: { readonly outcome?: string; readonly kept?: boolean }
  readonly before: LeaseView
  readonly after: LeaseView
  /** How much of the storage's time lies between the two. */
  readonly passedMs: number
}

const NOTHING: LeaseView = { holders: [], waiting: 0, queue: [], fence: 0, now: 0 }

/**
 * Judges what the storage holds after every command, against L2 to L9 of `storage/leases.ts` and what
 * `docs/guarantees.md` says of locks. It sees the state as everybody can, and which command led to it; it does not know
 * how the storage decides.
 */
export class Places {
  readonly #world: World
  readonly #profile: Profile
  readonly #seen = new Map<string, Seen>()
  readonly #occupations = new Map<string, Occupation>()
  readonly #highestFence = new Map<string, number>()
  readonly #fences = new Map<string, number>()
  readonly #given = new Set<string>()
  /** How a token ended, as the first command that ended it was answered. */
  readonly #endings = new Map<string, ReleaseReply['outcome'] | 'forgotten'>()
  readonly #claimed = new Set<string>()
  readonly #forgotten = new Set<string>()
  readonly #evicted = new Set<string>()
  readonly #revoked = new Set<string>()
  /** Held when the storage forgot: they may have been prolonged to more than is left. */
  readonly #shortened = new Set<string>()
  /** Places that are not passed over, or were not at some time, to which a failover leads back. */
  readonly #uncounted = new Set<string>()
  readonly #dead = new Set<string>()
  onChange: (key: string) => void = () => undefined
  onRevoked: (token: string) => void = () => undefined

  constructor(world: World, profile: Profile) {
    this.#world = world
    this.#profile = profile
  }

  fenceOf(token: string): number | undefined {
    return this.#fences.get(token)
  }

  /** Also one that the storage forgot, and gave the token a greater one after. */
  hasGiven(key: string, token: string, fence: number): boolean {
    return (
      this.#fences.get(token) === fence || (this.#forgotten.has(key) && this.#given.has(`${token} ${fence}`))
    )
  }

  endingOf(token: string): ReleaseReply['outcome'] | 'forgotten' | undefined {
    return this.#endings.get(token)
  }

  /** By an operator, or because the storage forgot; a durable one is not forgotten in failovers. */
  isTakenAway(key: string, token: string, isDurable: boolean): boolean {
    const forgotten = isDurable ? this.#evicted : this.#forgotten
    if (this.#revoked.has(token) || (this.#shortened.has(token) && !isDurable)) return true
    return forgotten.has(key) && this.leftMs(key, token) === undefined
  }

  /** How long the storage still keeps a lease, by its own clock. */
  leftMs(key: string, token: string): number | undefined {
    const seen = this.#seen.get(key)
    const held = seen?.view.holders.find((holder) => holder.token === token)
    if (seen === undefined || held === undefined) return undefined
    return held.remainingMs - (this.#world.server.now() - Math.floor(seen.at))
  }

  executed(command: Command, reply: unknown, now: number): void {
    const [key] = command.args as readonly [string]
    if (command.op === 'inspect') return
    // The state right after the command: nothing can happen in between.
    const { leases } = this.#world.server.peek()
    void leases.inspect(key).then((view) => this.#judge(command, key, reply as Step['reply'], view, now))
  }

  died(process: SimulatedProcess): void {
    this.#dead.add(process.name)
  }

  /** How many dead processes wait in the queue where they are not passed over: each costs those behind a claim time. */
  deadInLine(key: string): number {
    const { queue } = this.#seen.get(key)?.view ?? NOTHING
    const processes = new Set(queue.filter((token) => this.#uncounted.has(token)).map(processOf))
    return [...processes].filter((process) => this.#dead.has(instanceOf(process))).length
  }

  occupation(key: string): Readonly<Occupation> {
    return this.#occupations.get(key) ?? { endsAt: 0, longestMs: 0, fullUntil: 0 }
  }

  async forgot(why: 'eviction' | 'failover' | 'queues'): Promise<void> {
    const { leases } = this.#world.server.peek()
    if (why === 'queues') {
      for (const key of this.#seen.keys())
        this.#seen.set(key, { view: await leases.inspect(key), at: this.#world.server.now() })
      return
    }
    this.#claimed.clear()
    for (const key of this.#seen.keys()) {
      const view = await leases.inspect(key)
      this.#seen.set(key, { view, at: this.#world.server.now() })
      this.#forgotten.add(key)
      if (why === 'eviction') this.#evicted.add(key)
      for (const { token, fence, claimed } of view.holders) {
        this.#fences.set(token, fence)
        this.#shortened.add(token)
        if (claimed) this.#claimed.add(token)
      }
    }
    for (const token of this.#endings.keys()) this.#endings.set(token, 'forgotten')
  }

  /** At the end no process waits, and only processes hold that learned so and never released. */
  async mustBeEmpty(isTold: (token: string) => boolean): Promise<void> {
    const { leases } = this.#world.server.peek()
    for (const key of this.#seen.keys()) {
      const { queue, holders } = await leases.inspect(key)
      const held = holders.filter(({ remainingMs }) => remainingMs > 0).map(({ token }) => token)
      const left = [...queue, ...held.filter((token) => !isTold(token))]
      if (left.length > 0)
        this.#violated(
          'Nothing is left behind',
          `${left.join(', ')} remain at ${key}, and everybody has left`,
        )
    }
  }

  #judge(command: Command, key: string, reply: Step['reply'], after: LeaseView, at: number): void {
    const { view: before, at: lastAt } = this.#seen.get(key) ?? { view: NOTHING, at }
    this.#seen.set(key, { view: after, at })
    const [, request] = command.args as readonly [string, { readonly token?: string } | undefined]
    const passedMs = Math.floor(at) - Math.floor(lastAt)
    const step = { command, key, token: request?.token, reply, before, after, passedMs }
    this.#note(step)
    this.#occupy(key, after)
    this.#judgeHolders(step)
    this.#judgeGrants(step)
    this.#judgeQueue(step)
    this.#judgeFrozen(step)
    this.onChange(key)
  }

  #occupy(key: string, { holders }: LeaseView): void {
    const { now } = this.#world.scheduler
    const known = this.occupation(key)
    const rests = holders.map(({ remainingMs }) => remainingMs).filter((remainingMs) => remainingMs > 0)
    const isFull = rests.length >= permitsOf(key, this.#profile)
    this.#occupations.set(key, {
      endsAt: Math.max(known.endsAt, ...rests.map((rest) => now + rest)),
      longestMs: Math.max(known.longestMs, ...rests),
      fullUntil: isFull ? now + Math.min(...rests) : Math.min(known.fullUntil, now),
    })
  }

  #note({ command, token, reply }: Step): void {
    const { op } = command
    if (op === 'revoke') {
      for (const revoked of (reply as unknown as RevokeReply).revoked) {
        this.#world.totals.count('revoked')
        this.#revoked.add(revoked)
        if (!this.#endings.has(revoked)) this.#endings.set(revoked, 'lost')
        this.onRevoked(revoked)
      }
    }
    if (token === undefined) return
    if (op === 'acquire' || op === 'extend') this.#claimed.add(token)
    const { uncounted = false } = command.args[1] as Partial<LeaseRequest>
    if (op === 'acquire' && uncounted) this.#uncounted.add(token)
    if (op === 'acquire') this.#acquired(command, token, reply as AcquireReply)
    if (op === 'release' && !this.#endings.has(token))
      this.#endings.set(token, (reply as ReleaseReply).outcome)
  }

  #acquired(command: Command, token: string, { outcome }: AcquireReply): void {
    if (outcome === 'late' || outcome === 'ended' || outcome === 'busy') return
    const { scheduler, scenario, totals } = this.#world
    if (outcome === 'queued') totals.count('queued')
    const ending = this.#endings.get(token)
    if (ending === 'released' || ending === 'absent')
      this.#violated('L8', `${token} was ${outcome} after it had been released`)
    const { callTimeoutMs } = this.#profile
    const lateMs = scheduler.now - command.sentAt - callTimeoutMs
    const tolerance = scenario.setBackMs + scenario.setOnMs + (callTimeoutMs + scenario.calmFrom) * 0.01
    if (lateMs > tolerance)
      this.#violated('L8', `${token} was ${outcome} ${lateMs.toFixed(0)} ms after its sender gave up`)
  }

  #judgeHolders({ command, key, token, before, after, passedMs }: Step): void {
    const live = after.holders.filter(({ remainingMs }) => remainingMs > 0)
    const permits = permitsOf(key, this.#profile)
    if (live.length > permits)
      this.#violated('Mutual exclusion', `${key} is held ${live.length} times, ${permits} are allowed`)
    for (const holder of before.holders) {
      const mayEnd = holder.token === token || command.op === 'revoke' || holder.remainingMs <= passedMs
      const now = after.holders.find((other) => other.token === holder.token)
      if (!mayEnd && now?.fence !== holder.fence)
        this.#violated('L9', `${command.op} of ${String(token)} ended the lease of ${holder.token}`)
    }
  }

  #judgeGrants({ command, key, token, after }: Step): void {
    for (const holder of [...after.holders].sort((a, b) => a.fence - b.fence)) {
      const { token: held, fence, claimed } = holder
      if (claimed && !this.#claimed.has(held))
        this.#violated('L6', `${held} counts as claimed, but its owner has not come for it`)
      if (this.#fences.get(held) === fence) continue
      const highest = this.#highestFence.get(key) ?? 0
      this.#world.totals.count('grants')
      if (fence <= highest) this.#violated('L2', `${held} has fence ${fence}, an earlier one had ${highest}`)
      this.#fences.set(held, fence)
      this.#given.add(`${held} ${fence}`)
      this.#highestFence.set(key, fence)
      if (held !== token) this.#handedOver(command, key, holder)
    }
  }

  #handedOver({ op }: Command, key: string, { token }: LeaseHolder): void {
    this.#world.totals.count('hand-offs')
    if (this.#uncounted.has(token)) return this.#world.totals.count('hand-offs to uncounted places')
    if (!this.#world.server.isListening(processOf(token)))
      this.#violated('L4', `${op} gave ${key} to ${token}, whose process is not connected`)
  }

  #judgeQueue(step: Step): void {
    const { command, key, token, reply, before, after } = step
    const isNewcomer = reply.outcome === 'queued' && reply.kept === false
    if (token !== undefined && isNewcomer && before.queue.includes(token) && !wasFrozen(step, token))
      this.#violated('L3', `${token} waited for ${key}, and lost its place by asking`)
    // Who was dropped with its process and asks again is new.
    const stays = (waiter: string): boolean => waiter !== token || !isNewcomer
    const stayed = before.queue.filter((waiter) => after.queue.includes(waiter) && stays(waiter))
    const kept = after.queue.filter((waiter) => before.queue.includes(waiter) && stays(waiter))
    if (stayed.join() !== kept.join() || kept.join() !== after.queue.slice(0, kept.length).join())
      this.#violated('L5', `the queue of ${key} was ${before.queue.join()}, and became ${after.queue.join()}`)
    const first = stayed[0]
    for (const { token: held, fence } of after.holders) {
      const had = before.holders.some((other) => other.token === held && other.fence === fence)
      const place = before.queue.indexOf(held)
      if (!had && first !== undefined && (place < 0 || place > before.queue.indexOf(first)))
        this.#violated('L5', `${held} got ${key} before ${first}, which had waited longer`)
    }
    const passesOn = command.op !== 'extend' && reply.outcome !== 'late' && reply.outcome !== 'ended'
    const isHeld = after.holders.some(({ remainingMs }) => remainingMs > 0)
    if (passesOn && after.queue.length > 0 && !isHeld)
      this.#violated(
        'Liveness',
        `${after.queue.length} wait for ${key} after ${command.op}, and no process holds it`,
      )
  }

  /** One hand-off that was left unclaimed takes all of its process out of the queue. */
  #judgeFrozen({ command, key, token, before, after }: Step): void {
    if (command.op === 'revoke') return
    for (const { token: held, claimed } of before.holders) {
      const isLeft = !claimed && !this.#claimed.has(held) && held !== token
      if (!isLeft || after.holders.some((other) => other.token === held)) continue
      const process = processOf(held)
      const waiting = after.queue.filter((waiter) => processOf(waiter) === process && waiter !== token)
      if (waiting.length > 0)
        this.#violated('L6', `${process} left ${key} unclaimed, and yet ${waiting.join(', ')} still wait`)
    }
  }

  #violated(guarantee: string, message: string): void {
    this.#world.violated(guarantee, message)
  }
}

/** The process of this token had left a hand-off unclaimed by then. */
function wasFrozen({ before, passedMs }: Step, token: string): boolean {
  return before.holders.some(
    ({ token: held, claimed, remainingMs }) =>
      !claimed && processOf(held) === processOf(token) && remainingMs <= passedMs,
  )
}

function permitsOf(key: string, { places }: Profile): number {
  const place = places.find(({ name, permits }) =>
    key.endsWith(`:${permits === 0 ? 'lock' : 'semaphore'}:${name}`),
  )
  return Math.max(1, place?.permits ?? 1)
}
