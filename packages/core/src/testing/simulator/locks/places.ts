import type { Lease, ReleaseOutcome } from '../../../locks/lease.ts'
import {
  type AcquireReply,
  type LeaseHolder,
  type LeaseView,
  type ReleaseReply,
  type RevokeReply,
  processOf,
} from '../../../storage/leases.ts'
import type { SimulatedProcess } from '../simulated-process.ts'
import type { Command } from '../simulated-server.ts'
import type { World } from '../workload.ts'
import { LONGEST_LEASE_MS, type Profile } from './plan.ts'

/** A lease that somebody was told is theirs. */
interface Told {
  readonly lease: Lease
  readonly key: string
  readonly process: SimulatedProcess
  /** Its holder works, and has not given it back. */
  held: boolean
  /** The signal told its holder to stop. */
  aborted: boolean
  /** It was revoked, evicted, or lost in a failover: others may have it now. */
  gone: boolean
}

/** What the storage was seen to hold after the last command. */
interface Seen {
  readonly view: LeaseView
  /** The storage's clock at that time, in milliseconds. */
  readonly at: number
}

const NOTHING: LeaseView = { holders: [], waiting: 0, queue: [], fence: 0, now: 0 }
/** Timers get their turn within so long of running. */
const REACTION_MS = 5

/**
 * Judges leases against `research/locks.md` §5: by what the storage holds after every command, by what its clients say,
 * and by what holders believe.
 */
export class Places {
  readonly #world: World
  readonly #profile: Profile
  readonly #seen = new Map<string, Seen>()
  readonly #told = new Map<string, Told>()
  readonly #highestFence = new Map<string, number>()
  readonly #fences = new Map<string, number>()
  /** How a token ended, as the first command that ended it was answered. */
  readonly #ended = new Map<string, ReleaseReply['outcome'] | 'forgotten'>()
  readonly #claimed = new Set<string>()
  /** Keys of which the storage forgot something. */
  readonly #forgotten = new Set<string>()
  readonly #revoked = new Set<string>()

  constructor(world: World, profile: Profile) {
    this.#world = world
    this.#profile = profile
  }

  get keys(): readonly string[] {
    return [...this.#seen.keys()]
  }

  executed(command: Command, reply: unknown, now: number): void {
    const [key] = command.args as readonly [string]
    if (command.op === 'inspect') return
    // The state right after the command: nothing can happen in between.
    void this.#world.server
      .peek()
      .leases.inspect(key)
      .then((view) => this.#judge(command, key, reply, view, now))
  }

  async forgot(): Promise<void> {
    const { leases } = this.#world.server.peek()
    for (const key of this.#seen.keys()) {
      const view = await leases.inspect(key)
      this.#seen.set(key, { view, at: this.#world.server.now() })
      this.#forgotten.add(key)
    }
    // What a lease was prolonged to may be lost although the lease itself is not.
    for (const told of this.#told.values()) this.#lose(told)
    for (const token of this.#ended.keys()) this.#ended.set(token, 'forgotten')
    this.#claimed.clear()
    for (const { view } of this.#seen.values()) {
      for (const { token, claimed } of view.holders) if (claimed) this.#claimed.add(token)
    }
  }

  died(process: SimulatedProcess): void {
    for (const told of this.#told.values()) if (told.process === process) told.held = false
  }

  resumed(process: SimulatedProcess): void {
    const { scheduler } = this.#world
    scheduler.at(scheduler.now + REACTION_MS, () => {
      if (process.state !== 'running') return
      for (const told of this.#told.values()) if (told.process === process) this.#mustHaveHeard(told)
    })
  }

  /** A caller got this lease. */
  granted(process: SimulatedProcess, key: string, permits: number, lease: Lease): void {
    const { token, fencingToken } = lease
    this.#world.totals.count('grants told')
    if (this.#told.has(token)) this.#violated('S1', `${token} was given to two callers`)
    if (this.#fences.get(token) !== fencingToken)
      this.#violated(
        'S2',
        `${token} was told fence ${fencingToken}, the storage gave ${this.#fences.get(token)}`,
      )
    const ending = this.#ended.get(token)
    if (ending === 'released' || ending === 'expired')
      this.#violated('S1', `${process.name} got ${token}, which had ended before`)
    const told: Told = { lease, key, process, held: true, aborted: false, gone: false }
    // Revoked or forgotten while the news of its grant was still on its way.
    told.gone =
      this.#revoked.has(token) || (this.#forgotten.has(key) && this.#holder(key, token) === undefined)
    this.#told.set(token, told)
    lease.signal.addEventListener('abort', () => {
      told.aborted = true
      this.#world.history.add(process.index, () => `${token} aborted`)
      this.#world.totals.count('lost leases told')
    })
    if (lease.remainingMs() === 0)
      this.#violated('S1', `${process.name} was given ${token}, whose time is over`)
    const valid = [...this.#told.values()].filter(
      (other) => other.key === key && isBelieved(other) && !other.gone,
    )
    if (valid.length > permits) {
      const names = valid.map((other) => other.lease.token).join(', ')
      this.#violated('S1', `${names} all believe that they hold ${key}, which has ${permits} permits`)
    }
    this.#mustBeHeld(told)
    this.#watch(told)
  }

  /** The holder works no more, or has asked to give it back. */
  finished(lease: Lease): void {
    const told = this.#told.get(lease.token)
    if (told !== undefined) told.held = false
  }

  /** `wasValid`: its holder could be certain of it when it asked to give it back. */
  released(lease: Lease, outcome: ReleaseOutcome, wasValid: boolean): void {
    this.#world.totals.count(outcome)
    const told = this.#told.get(lease.token)
    const truth = this.#ended.get(lease.token)
    if (told === undefined || told.gone || truth === undefined || truth === 'forgotten') return
    // One that was no longer certain of it may be told less than the truth.
    const isWrong =
      outcome === 'released' ? truth !== 'released' && !wasValid : truth === 'released' && wasValid
    if (isWrong) this.#violated('I2', `${lease.token} was told ${outcome}, but it was ${truth}`)
  }

  /** When all is over: nobody holds, nobody waits. */
  async mustBeEmpty(): Promise<void> {
    const { leases } = this.#world.server.peek()
    for (const key of this.#seen.keys()) {
      const view = await leases.inspect(key)
      const left = [
        ...view.queue,
        ...view.holders.filter(({ remainingMs }) => remainingMs > 0).map(({ token }) => token),
      ]
      const isOurs = left.filter((token) => !this.#told.has(token))
      if (isOurs.length > 0)
        this.#violated('L4', `${isOurs.join(', ')} remain at ${key} although nobody asks for them`)
    }
  }

  #judge(command: Command, key: string, reply: unknown, view: LeaseView, at: number): void {
    const before = this.#seen.get(key) ?? { view: NOTHING, at }
    this.#seen.set(key, { view, at })
    const [, request] = command.args as readonly [string, { readonly token?: string } | undefined]
    const token = request?.token
    if (token !== undefined && (command.op === 'acquire' || command.op === 'extend')) this.#claimed.add(token)
    if (command.op === 'release' && token !== undefined) this.#ends(command, token, reply as ReleaseReply)
    if (command.op === 'revoke') {
      for (const revoked of (reply as RevokeReply).revoked) {
        this.#world.totals.count('revoked')
        const told = this.#told.get(revoked)
        if (told !== undefined) this.#lose(told)
        this.#revoked.add(revoked)
        if (!this.#ended.has(revoked)) this.#ended.set(revoked, 'lost')
      }
    }
    if (command.op === 'acquire') this.#acquired(command, token ?? '', reply as AcquireReply)
    this.#judgeHolders(command, key, token, before, view, at)
    this.#judgeQueue(command, key, token, before, view, reply)
    for (const told of this.#told.values()) if (told.key === key) this.#mustBeHeld(told)
  }

  #acquired(command: Command, token: string, { outcome }: AcquireReply): void {
    if (outcome === 'late' || outcome === 'ended' || outcome === 'busy') return
    const { scheduler, scenario, totals } = this.#world
    if (outcome === 'queued') totals.count('queued')
    if (this.#ended.get(token) === 'released' || this.#ended.get(token) === 'absent')
      this.#violated('L8', `${token} was ${outcome} after it had been released`)
    const late = scheduler.now - command.sentAt - this.#profile.callTimeoutMs
    const tolerance =
      scenario.setBackMs + scenario.setOnMs + (this.#profile.callTimeoutMs + scenario.calmFrom) * 0.01
    if (late > tolerance)
      this.#violated('L8', `${token} was ${outcome} ${late.toFixed(0)} ms after its sender gave up`)
  }

  #ends(_command: Command, token: string, { outcome }: ReleaseReply): void {
    if (!this.#ended.has(token)) this.#ended.set(token, outcome)
  }

  #judgeHolders(
    command: Command,
    key: string,
    token: string | undefined,
    before: Seen,
    view: LeaseView,
    at: number,
  ): void {
    const live = view.holders.filter(({ remainingMs }) => remainingMs > 0)
    const permits = permitsOf(key, this.#profile)
    if (live.length > permits)
      this.#violated('S1', `${key} is held ${live.length} times, ${permits} are allowed`)
    const passed = Math.floor(at) - Math.floor(before.at)
    for (const holder of before.view.holders) {
      const isLive = holder.remainingMs - passed > 0
      const now = view.holders.find((other) => other.token === holder.token)
      const mayEnd = holder.token === token || command.op === 'revoke'
      if (isLive && !mayEnd && now?.fence !== holder.fence)
        this.#violated('S5', `${command.op} of ${String(token)} ended the lease of ${holder.token}`)
    }
    const highest = this.#highestFence.get(key) ?? 0
    for (const holder of [...view.holders].sort((a, b) => a.fence - b.fence)) {
      if (this.#fences.get(holder.token) === holder.fence) continue
      this.#world.totals.count('grants')
      if (holder.fence <= highest || holder.fence <= (this.#highestFence.get(key) ?? 0))
        this.#violated('S2', `${holder.token} has fence ${holder.fence}, an earlier one had ${highest}`)
      this.#fences.set(holder.token, holder.fence)
      this.#highestFence.set(key, holder.fence)
      if (holder.token !== token) this.#handedOver(command, key, holder)
    }
    for (const { token: held, claimed } of view.holders) {
      if (claimed && !this.#claimed.has(held))
        this.#violated('L6', `${held} counts as claimed, but its owner has not come for it`)
    }
  }

  #handedOver(command: Command, key: string, { token, claimed }: LeaseHolder): void {
    this.#world.totals.count('hand-offs')
    if (claimed && !this.#claimed.has(token))
      this.#violated('L6', `${command.op} gave ${key} to ${token} without waiting for its owner to come`)
    if (!this.#world.server.isListening(processOf(token)))
      this.#violated('L4', `${command.op} gave ${key} to ${token}, whose process is not connected`)
  }

  #judgeQueue(
    command: Command,
    key: string,
    token: string | undefined,
    before: Seen,
    view: LeaseView,
    reply: unknown,
  ): void {
    // Who was dropped with its process and asks again is a newcomer.
    const isNew = (waiter: string): boolean => waiter === token && isNewcomer(reply)
    const stayed = before.view.queue.filter((waiter) => view.queue.includes(waiter) && !isNew(waiter))
    const kept = view.queue.filter((waiter) => before.view.queue.includes(waiter) && !isNew(waiter))
    if (stayed.join() !== kept.join()) this.#violated('L5', `the queue of ${key} was reordered`)
    const newcomers = view.queue.slice(stayed.length)
    if (newcomers.some((waiter) => stayed.includes(waiter)))
      this.#violated('L5', `somebody joined the queue of ${key} in the middle`)
    const first = stayed[0]
    const firstAt = first === undefined ? Infinity : before.view.queue.indexOf(first)
    for (const holder of view.holders) {
      const isGrant = !before.view.holders.some(
        ({ token: other, fence }) => other === holder.token && fence === holder.fence,
      )
      const place = before.view.queue.indexOf(holder.token)
      if (isGrant && first !== undefined && (place < 0 || place > firstAt))
        this.#violated('L5', `${holder.token} got ${key} before ${first}, which had waited longer`)
    }
    const passesOn = command.op !== 'extend' && !isRefused(reply)
    const isHeld = view.holders.some(({ remainingMs }) => remainingMs > 0)
    if (passesOn && view.queue.length > 0 && !isHeld)
      this.#violated('L1', `${view.queue.length} wait for ${key} after ${command.op}, and nobody holds it`)
    const frozen = before.view.holders.filter(
      (holder) => !holder.claimed && !view.holders.some((other) => other.token === holder.token),
    )
    for (const holder of frozen) {
      const process = processOf(holder.token)
      const isOver = !this.#claimed.has(holder.token) && holder.token !== token && command.op !== 'revoke'
      const left = view.queue.filter((waiter) => processOf(waiter) === process && waiter !== token)
      if (isOver && left.length > 0)
        this.#violated('L6', `${process} left ${key} unclaimed, and yet ${left.join(', ')} still wait`)
    }
  }

  /** The storage has it for at least as long as its holder believes. */
  #mustBeHeld(told: Told): void {
    if (told.gone || !isBelieved(told)) return
    const { scenario } = this.#world
    const { index } = told.process
    const believedMs = told.lease.remainingMs() / (scenario.processes[index]?.rate ?? 1)
    const heldMs = (this.#holder(told.key, told.lease.token) ?? 0) / scenario.storageClock.rate
    if (believedMs > heldMs + 1) {
      const [believed, held] = [believedMs.toFixed(0), Math.max(0, heldMs).toFixed(0)]
      this.#violated(
        'S1',
        `${told.lease.token} believes in ${believed} ms more, the storage gives it ${held}`,
      )
    }
  }

  /** How long the storage still keeps the lease. */
  #holder(key: string, token: string): number | undefined {
    const seen = this.#seen.get(key)
    const held = seen?.view.holders.find((holder) => holder.token === token)
    if (seen === undefined || held === undefined) return undefined
    return held.remainingMs - (this.#world.server.now() - Math.floor(seen.at))
  }

  /** Looks again when its holder's time must be over, unless it was prolonged by then. */
  #watch(told: Told): void {
    const { scheduler } = this.#world
    scheduler.at(scheduler.now + told.lease.remainingMs() * 1.01 + REACTION_MS, () => {
      if (!told.held) return
      this.#mustBeHeld(told)
      if (isBelieved(told)) return this.#watch(told)
      this.#mustHaveHeard(told)
    })
  }

  #lose(told: Told): void {
    if (told.gone) return
    told.gone = true
    const { scheduler } = this.#world
    // Nothing that was prolonged after this counts: by its own clock it ends with the longest lease at the latest.
    if (this.#ended.has(told.lease.token)) return
    scheduler.at(scheduler.now + LONGEST_LEASE_MS * 1.02, () => {
      if (isBelieved(told) && this.#holder(told.key, told.lease.token) === undefined)
        this.#violated('S8', `${told.lease.token} still believes in its lease long after the storage lost it`)
    })
  }

  /** Once it is over and its process had time to react, its signal has said so. */
  #mustHaveHeard(told: Told, overSince = Infinity): void {
    const { scheduler } = this.#world
    const { process } = told
    if (!told.held || told.aborted || told.lease.remainingMs() > 0 || process.state !== 'running') return
    // No timer tells of a machine that slept, or of a wall clock that was set on.
    if (scheduler.now < process.clockJumpedAt + LONGEST_LEASE_MS * 2) return
    if (scheduler.now >= overSince + REACTION_MS)
      return this.#violated('S8', `the lease of ${told.lease.token} is over, and its signal does not say so`)
    const since = Math.min(overSince, scheduler.now)
    scheduler.at(since + REACTION_MS, () => this.#mustHaveHeard(told, since))
  }

  #violated(guarantee: string, message: string): void {
    this.#world.violated(guarantee, message)
  }
}

function isBelieved({ held, lease }: Told): boolean {
  return held && lease.remainingMs() > 0
}

function isNewcomer(reply: unknown): boolean {
  const { outcome, kept } = reply as { readonly outcome?: string; readonly kept?: boolean }
  return outcome === 'queued' && kept === false
}

/** Too late, or with a token that was used up: nothing was done. */
function isRefused(reply: unknown): boolean {
  const { outcome } = reply as { readonly outcome?: string }
  return outcome === 'late' || outcome === 'ended'
}

function permitsOf(key: string, { places }: Profile): number {
  const place = places.find(({ name, permits }) =>
    key.endsWith(`:${permits === 0 ? 'lock' : 'semaphore'}:${name}`),
  )
  return Math.max(1, place?.permits ?? 1)
}
