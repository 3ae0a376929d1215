import { HoldfastError } from '../../../errors.ts'
import { createLocks } from '../../../holdfast.ts'
import type { Lease } from '../../../locks/lease.ts'
import type { LockOptions } from '../../../locks/options.ts'
import type { Locks } from '../../../locks/locks.ts'
import type { Storage } from '../../../storage/storage.ts'
import type { SimulatedProcess } from '../simulated-process.ts'
import type { Command } from '../simulated-server.ts'
import type { App, Feature, Observer, Workload, World } from '../workload.ts'
import { Holders } from './holders.ts'
import { Places } from './places.ts'
import {
  type BodyPlan,
  LONGEST_LEASE_MS,
  type Operation,
  type Place,
  type Profile,
  drawOperations,
  drawProfile,
} from './plan.ts'

/** Locks and semaphores: crowds of waiters, frozen and dead holders, lost pushes, revocations. */
export const locksFeature: Feature = {
  name: 'locks',
  plan(random) {
    const profile = drawProfile(random)
    const processes = random.int(2, 4)
    const calmFrom = random.between(4, 8) * profile.leaseMs
    const operations = drawOperations(random, profile, processes, calmFrom)
    return {
      size: { processes, calmFrom, leaseMs: profile.leaseMs },
      // What waits for replicas does so because of failovers.
      ...(profile.isReplicated && { rates: { failover: 2 } }),
      operations,
      open: (world) => new LocksWorkload(world, profile, operations),
    }
  },
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

class LocksWorkload implements Workload {
  readonly observer: Observer
  readonly #world: World
  readonly #profile: Profile
  readonly #operations: ReadonlyMap<number, Operation>
  readonly #holders: Holders

  constructor(world: World, profile: Profile, operations: readonly Operation[]) {
    this.#world = world
    this.#profile = profile
    this.#operations = new Map(operations.map((operation) => [operation.id, operation]))
    const places = new Places(world, profile)
    this.#holders = new Holders(world, places)
    this.observer = {
      executed: (command: Command, reply: unknown, now: number) => {
        if (command.facet === 'leases') places.executed(command, reply, now)
      },
      died: (process) => this.#holders.died(process),
      forgot: (why) => this.#holders.forgot(why),
      ended: () => places.mustBeEmpty((token) => this.#holders.isTold(token)),
    }
  }

  start(process: SimulatedProcess, storage: Storage): App {
    const { callTimeoutMs, claimMs } = this.#profile
    const { runtime } = process
    process.onResume(() => this.#holders.resumed(process))
    const locks = createLocks(storage, {
      prefix: 'sim',
      instance: process.name,
      runtime,
      callTimeoutMs,
      claimMs,
    })
    return {
      perform: (id) => {
        const operation = this.#operations.get(id)
        if (operation === undefined) throw new TypeError(`there is no operation ${id}`)
        this.#world.history.add(process.index, () => `#${id} ${operation.kind} ${operation.place.name}`)
        return this.#perform(process, locks, operation)
      },
      proveAlive: () => this.#proveAlive(process, locks),
      close: (graceMs) => locks.close({ graceMs }),
    }
  }

  async #perform(process: SimulatedProcess, locks: Locks, operation: Operation): Promise<void> {
    const { id, place } = operation
    const say = (text: string): void => this.#world.history.add(process.index, () => `#${id} ${text}`)
    try {
      switch (operation.kind) {
        case 'inspect': {
          const { holders, waiting } = await lockable(locks, place).inspect()
          return say(`${holders.length} hold, ${waiting} wait`)
        }
        case 'revoke':
          return say(`revoked ${(await lockable(locks, place).revoke()).length}`)
        case 'run':
          await lockable(locks, place).run(this.#options(process, operation), async (lease) => {
            say(`holds ${lease.token}`)
            this.#granted(process, place, operation, lease)
            try {
              await this.#hold(process, operation.body, lease)
            } finally {
              this.#holders.finished(lease)
            }
          })
          return
        case 'acquire':
        case 'tryAcquire':
        case 'acquireAll':
          return await this.#holdByHand(process, locks, operation, say)
      }
    } catch (error) {
      const code = HoldfastError.isInstance(error) ? error.code : String(error)
      say(`✗ ${code}`)
      this.#world.totals.count(`told ${code}`)
      const isBodys = error instanceof Error && error.message === BODY_FAILED
      if (!EXPECTED_CODES.has(code) && !isBodys) {
        const what = error instanceof Error ? (error.stack ?? error.message) : code
        this.#world.violated(
          'No surprise',
          `operation ${id} of ${process.name} was refused with ${code}: ${what}`,
        )
      }
    }
  }

  async #holdByHand(
    process: SimulatedProcess,
    locks: Locks,
    operation: Acquiring,
    say: (text: string) => void,
  ): Promise<void> {
    const { body, kind, waitMs } = operation
    const options = this.#options(process, operation)
    const { scheduler, scenario } = this.#world
    const askedAt = scheduler.now
    let leases: readonly [Lease, Place][]
    try {
      leases = await this.#acquire(locks, operation, options)
    } finally {
      const tookMs = scheduler.now - askedAt
      const stoppedMs = scenario.incidents.reduce(
        (sum, incident) => sum + ('forMs' in incident ? incident.forMs : 0),
        0,
      )
      const allowedMs =
        (kind === 'tryAcquire' ? 0 : waitMs) + 4 * this.#profile.callTimeoutMs + stoppedMs + STALLS_MS
      if (process.state === 'running' && tookMs > allowedMs)
        this.#world.violated(
          'L6',
          `${process.name} waited ${tookMs.toFixed(0)} ms, ${allowedMs.toFixed(0)} were allowed`,
        )
    }
    if (leases.length === 0) return say('not now')
    say(`holds ${leases.map(([lease]) => lease.token).join(' ')}`)
    try {
      for (const [lease, at] of leases) this.#granted(process, at, operation, lease)
      for (const [lease] of leases) await this.#hold(process, body, lease)
    } finally {
      if (!body.forgetful) await Promise.all(leases.map(([lease]) => this.#release(lease, say)))
    }
  }

  async #release(lease: Lease, say: (text: string) => void): Promise<void> {
    const wasValid = lease.remainingMs() > 0
    this.#holders.finished(lease)
    const outcome = await lease.release()
    this.#holders.released(lease, outcome, wasValid)
    say(`${outcome} ${lease.token}`)
  }

  async #acquire(
    locks: Locks,
    { kind, place }: Acquiring,
    options: LockOptions,
  ): Promise<readonly [Lease, Place][]> {
    switch (kind) {
      case 'acquireAll': {
        const plain = this.#profile.places.filter(({ permits }) => permits === 0)
        if (plain.length === 0) return [[await lockable(locks, place).acquire(options), place]]
        const { leases } = await locks.acquireAll(
          plain.map(({ name }) => name),
          options,
        )
        return leases.map((lease, index) => [lease, plain[index] ?? place])
      }
      case 'tryAcquire': {
        const { waitMs: _, ...now } = options
        const lease = await lockable(locks, place).tryAcquire(now)
        return lease === null ? [] : [[lease, place]]
      }
      case 'acquire':
      case 'run':
        return [[await lockable(locks, place).acquire(options), place]]
    }
  }

  #granted(
    process: SimulatedProcess,
    place: Place,
    { confirmedInMs }: Pick<Acquiring, 'confirmedInMs'>,
    lease: Lease,
  ): void {
    const permits = Math.max(1, place.permits)
    this.#holders.granted(process, keyOf(place), permits, confirmedInMs !== undefined, lease)
  }

  async #hold(process: SimulatedProcess, body: BodyPlan, lease: Lease): Promise<void> {
    for (const step of body.steps) {
      if (!body.deaf) lease.assertValid()
      switch (step.kind) {
        case 'work':
          await process.sleep(step.ms)
          break
        case 'stall':
          this.#world.history.add(process.index, () => `computes for ${step.ms.toFixed(0)} ms`)
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

  #options(process: SimulatedProcess, operation: Acquiring): LockOptions {
    const { leaseMs, waitMs, maxHoldMs, abortAfterMs } = operation
    const options = {
      leaseMs,
      waitMs,
      ...(maxHoldMs === undefined ? {} : { maxHoldMs }),
      ...durabilityOf(operation),
    }
    if (abortAfterMs === undefined) return options
    const impatience = new AbortController()
    process.runtime.setTimer(abortAfterMs, () => impatience.abort(new Error('out of patience')), {
      background: true,
    })
    return { ...options, signal: impatience.signal }
  }

  /** With all well again, everybody gets every lock as soon as dead holders' leases are over. */
  async #proveAlive(process: SimulatedProcess, locks: Locks): Promise<void> {
    const { scheduler, scenario, history } = this.#world
    for (const place of this.#profile.places) {
      const askedAt = scheduler.now
      const { leaseMs, isReplicated } = this.#profile
      const confirmed = { confirmedInMs: isReplicated ? 1_000 : undefined }
      const options = { leaseMs, waitMs: Infinity, ...durabilityOf(confirmed) }
      const lease = await lockable(locks, place).acquire(options)
      history.add(process.index, () => `holds ${lease.token}`)
      this.#granted(process, place, confirmed, lease)
      this.#holders.finished(lease)
      await lease.release()
      const tookMs = scheduler.now - askedAt
      // What forgetful bodies still hold ends by itself.
      const isForgotten = [...this.#operations.values()].some(
        (operation) => 'body' in operation && operation.body.forgetful,
      )
      const leases = isForgotten ? 4 : 1.02
      const allowedMs = LONGEST_LEASE_MS * leases + scenario.setBackMs + scenario.processes.length * 1_000
      if (tookMs > allowedMs)
        this.#world.violated(
          'L2',
          `${process.name} needed ${tookMs.toFixed(0)} ms for ${place.name} with all well`,
        )
    }
  }
}

const BODY_FAILED = 'the body failed'
/** Bodies of the same process may keep its event loop busy for so long. */
const STALLS_MS = 20_000

function durabilityOf({ confirmedInMs }: Pick<Acquiring, 'confirmedInMs'>): Pick<LockOptions, 'durability'> {
  if (confirmedInMs === undefined) return {}
  return { durability: { replicas: 1, timeoutMs: confirmedInMs } }
}

function keyOf({ name, permits }: Place): string {
  return permits === 0 ? `sim:lock:${name}` : `sim:semaphore:${name}`
}

type Bound = Pick<ReturnType<Locks['semaphore']>, 'acquire' | 'tryAcquire' | 'run' | 'inspect' | 'revoke'>

function lockable(locks: Locks, { name, permits }: Place): Bound {
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
