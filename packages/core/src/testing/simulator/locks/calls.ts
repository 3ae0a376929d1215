import { HoldfastError } from '../../../errors.ts'
import type { Lease } from '../../../locks/lease.ts'
import type { Locks } from '../../../locks/locks.ts'
import type { LockOptions } from '../../../locks/options.ts'
import type { SimulatedProcess } from '../simulated-process.ts'
import type { World } from '../workload.ts'
import type { Holders } from './holders.ts'
import type { Patience } from './patience.ts'
import type { Places } from './places.ts'
import { type BodyPlan, LONGEST_LEASE_MS, type Operation, type Place, type Profile } from './plan.ts'

/** Where calls are made and leases held. */
export interface Scene {
  readonly world: World
  readonly places: Places
  readonly holders: Holders
  readonly patience: Patience
  readonly process: SimulatedProcess
  readonly locks: Locks
  /** Some body never gives its lease back. */
  readonly someForget: boolean
}

type Acquiring = Extract<Operation, { readonly body: BodyPlan }>

const EXPECTED_CODES = new Set([
  'LOCK_TIMEOUT',
  'LOCK_ABORTED',
  'STORAGE_UNAVAILABLE',
  'LEASE_LOST',
  'NOT_REPLICATED',
  'CLOSED',
])
const BODY_FAILED = 'the body failed'
/** Bodies of the same process may keep its event loop busy for so long. */
const STALLS_MS = 20_000

/** What one process calls, how it holds what it gets, and how long it may wait for it. */
export class Calls {
  readonly #scene: Scene
  readonly #profile: Profile

  constructor(scene: Scene, profile: Profile) {
    this.#scene = scene
    this.#profile = profile
  }

  async perform(operation: Operation): Promise<void> {
    const { world, process } = this.#scene
    const { id } = operation
    try {
      await this.#call(operation)
    } catch (error) {
      const code = HoldfastError.isInstance(error) ? error.code : String(error)
      this.#say(id, `✗ ${code}`)
      world.totals.count(`told ${code}`)
      const isBodys = error instanceof Error && error.message === BODY_FAILED
      if (!EXPECTED_CODES.has(code) && !isBodys) {
        const what = error instanceof Error ? (error.stack ?? error.message) : code
        world.violated('No surprise', `operation ${id} of ${process.name} was refused with ${code}: ${what}`)
      }
    }
  }

  /** With all well again, everybody gets every lock as soon as dead holders' leases are over. */
  async proveAlive(): Promise<void> {
    const { world, process, places, holders, someForget } = this.#scene
    const { scheduler, scenario, history } = world
    for (const place of this.#profile.places) {
      const askedAt = scheduler.now
      const { leaseMs, claimMs, isReplicated } = this.#profile
      const deadMs = claimMs * 1.02 * places.deadInLine(keyOf(place))
      const confirmed = { confirmedInMs: isReplicated ? 1_000 : undefined }
      const options = { leaseMs, waitMs: Infinity, ...durabilityOf(confirmed) }
      const lease = await this.#waitFor(place, this.#lockable(place).acquire(options))
      history.add(process.index, () => `holds ${lease.token}`)
      this.#granted(place, confirmed, lease)
      holders.finished(lease)
      await lease.release()
      const tookMs = scheduler.now - askedAt
      // What forgetful bodies still hold ends by itself.
      const leases = someForget ? 4 : 1.02
      const allowedMs =
        LONGEST_LEASE_MS * leases + deadMs + scenario.setBackMs + scenario.processes.length * 1_000
      if (tookMs > allowedMs)
        world.violated('L2', `${process.name} needed ${tookMs.toFixed(0)} ms for ${place.name} with all well`)
    }
  }

  async #call(operation: Operation): Promise<void> {
    const { id, place } = operation
    const { process } = this.#scene
    switch (operation.kind) {
      case 'inspect': {
        const { holders, waiting } = await this.#lockable(place).inspect()
        return this.#say(id, `${holders.length} hold, ${waiting} wait`)
      }
      case 'revoke':
        return this.#say(id, `revoked ${(await this.#lockable(place).revoke()).length}`)
      case 'run':
        const gotIt = this.#scene.patience.begins(process, keyOf(place))
        const running = this.#lockable(place).run(this.#options(operation), async (lease) => {
          gotIt()
          this.#say(id, `holds ${lease.token}`)
          this.#granted(place, operation, lease)
          try {
            await this.#hold(operation.body, lease)
          } finally {
            this.#scene.holders.finished(lease)
          }
        })
        return await running.finally(gotIt)
      case 'acquire':
      case 'tryAcquire':
      case 'acquireAll':
        return await this.#holdByHand(operation)
    }
  }

  async #holdByHand(operation: Acquiring): Promise<void> {
    const { id, body } = operation
    const leases = await this.#acquireInTime(operation)
    if (leases.length === 0) return this.#say(id, 'not now')
    this.#say(id, `holds ${leases.map(([lease]) => lease.token).join(' ')}`)
    try {
      for (const [lease, at] of leases) this.#granted(at, operation, lease)
      for (const [lease] of leases) await this.#hold(body, lease)
    } finally {
      if (!body.forgetful) await Promise.all(leases.map(([lease]) => this.#release(id, lease)))
    }
  }

  /** No answer may take much longer than the caller would wait. */
  async #acquireInTime(operation: Acquiring): Promise<readonly [Lease, Place][]> {
    const { kind, waitMs } = operation
    const { world, process } = this.#scene
    const { scheduler, scenario } = world
    const options = this.#options(operation)
    const askedAt = scheduler.now
    try {
      return await this.#acquire(operation, options)
    } finally {
      const tookMs = scheduler.now - askedAt
      const stoppedMs = scenario.incidents.reduce(
        (sum, incident) => sum + ('forMs' in incident ? incident.forMs : 0),
        0,
      )
      const allowedMs =
        (kind === 'tryAcquire' ? 0 : waitMs) + 4 * this.#profile.callTimeoutMs + stoppedMs + STALLS_MS
      if (process.state === 'running' && tookMs > allowedMs)
        world.violated(
          'L6',
          `${process.name} waited ${tookMs.toFixed(0)} ms, ${allowedMs.toFixed(0)} were allowed`,
        )
    }
  }

  async #acquire({ kind, place }: Acquiring, options: LockOptions): Promise<readonly [Lease, Place][]> {
    switch (kind) {
      case 'acquireAll': {
        const plain = this.#profile.places.filter(({ permits }) => permits === 0)
        if (plain.length === 0) return [[await this.#lockable(place).acquire(options), place]]
        const { leases } = await this.#scene.locks.acquireAll(
          plain.map(({ name }) => name),
          options,
        )
        return leases.map((lease, index) => [lease, plain[index] ?? place])
      }
      case 'tryAcquire': {
        const { waitMs: _, ...now } = options
        const lease = await this.#lockable(place).tryAcquire(now)
        return lease === null ? [] : [[lease, place]]
      }
      case 'acquire':
      case 'run':
        return [[await this.#waitFor(place, this.#lockable(place).acquire(options)), place]]
    }
  }

  async #waitFor(place: Place, acquired: Promise<Lease>): Promise<Lease> {
    const { patience, process } = this.#scene
    return await acquired.finally(patience.begins(process, keyOf(place)))
  }

  #granted(place: Place, { confirmedInMs }: Pick<Acquiring, 'confirmedInMs'>, lease: Lease): void {
    const { holders, process } = this.#scene
    const permits = Math.max(1, place.permits)
    holders.granted(process, keyOf(place), permits, confirmedInMs !== undefined, lease)
  }

  async #hold(body: BodyPlan, lease: Lease): Promise<void> {
    const { world, process } = this.#scene
    for (const step of body.steps) {
      if (!body.deaf) lease.assertValid()
      switch (step.kind) {
        case 'work':
          await process.sleep(step.ms)
          break
        case 'stall':
          world.history.add(process.index, () => `computes for ${step.ms.toFixed(0)} ms`)
          await process.stall(step.ms)
          break
        case 'extend':
          await lease.extend(step.ms).catch((error: unknown) => {
            if (!body.deaf) throw error
          })
      }
    }
    if (body.throws) throw new Error(BODY_FAILED)
  }

  async #release(id: number, lease: Lease): Promise<void> {
    const { holders } = this.#scene
    const wasValid = lease.remainingMs() > 0
    holders.finished(lease)
    const outcome = await lease.release()
    holders.released(lease, outcome, wasValid)
    this.#say(id, `${outcome} ${lease.token}`)
  }

  #options(operation: Acquiring): LockOptions {
    const { leaseMs, waitMs, maxHoldMs, abortAfterMs } = operation
    const options = {
      leaseMs,
      waitMs,
      ...(maxHoldMs === undefined ? {} : { maxHoldMs }),
      ...durabilityOf(operation),
    }
    if (abortAfterMs === undefined) return options
    const impatience = new AbortController()
    const giveUp = (): void => impatience.abort(new Error('out of patience'))
    this.#scene.process.runtime.setTimer(abortAfterMs, giveUp, { background: true })
    return { ...options, signal: impatience.signal }
  }

  #lockable({ name, permits }: Place): Bound {
    const { locks } = this.#scene
    if (permits > 0) return locks.semaphore(name, { permits })
    return {
      acquire: (options) => locks.acquire(name, options ?? {}),
      tryAcquire: (options) => locks.tryAcquire(name, options ?? {}),
      run: ((options: LockOptions, body: (lease: Lease) => Promise<void>) =>
        locks.run(name, options, body)) as Bound['run'],
      inspect: () => locks.inspect(name),
      revoke: (options) => locks.revoke(name, options ?? {}),
    }
  }

  #say(id: number, text: string): void {
    const { world, process } = this.#scene
    world.history.add(process.index, () => `#${id} ${text}`)
  }
}

type Bound = Pick<ReturnType<Locks['semaphore']>, 'acquire' | 'tryAcquire' | 'run' | 'inspect' | 'revoke'>

function durabilityOf({ confirmedInMs }: Pick<Acquiring, 'confirmedInMs'>): Pick<LockOptions, 'durability'> {
  if (confirmedInMs === undefined) return {}
  return { durability: { replicas: 1, timeoutMs: confirmedInMs } }
}

function keyOf({ name, permits }: Place): string {
  return permits === 0 ? `sim:lock:${name}` : `sim:semaphore:${name}`
}
