import { type LeaseState, decideLease } from '../../../src/locks/decide-lease.ts'
import { KeyQueue } from '../../../src/locks/key-queue.ts'
import { type OnPush, memoryLeases } from '../../../src/memory/memory-leases.ts'
import { type ExtendRequest, type LeaseRequest, processOf } from '../../../src/storage/leases.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import type { Facets } from '../../../src/testing/simulator/simulated-server.ts'
import { replace, sharedMutations } from './core.ts'
import type { Mutation } from './mutation.ts'

type Decide = typeof decideLease

const leases =
  (createDecide: () => Decide) =>
  (facets: Facets, now: () => number, onPush: OnPush): Facets => ({
    ...facets,
    leases: memoryLeases(now, createDecide(), onPush),
  })

const withState = <D extends { readonly state: LeaseState }>(
  decision: D,
  change: Partial<LeaseState>,
): D => ({
  ...decision,
  state: { ...decision.state, ...change },
})

export const locksMutations: readonly Mutation[] = [
  {
    name: 'counter as fence',
    like: 'INCR: the last increments are lost in a failover',
    breakStorage: leases(() => (key, state, command, surroundings) => {
      // Microseconds of a stopped clock: max(previous + 1, µs) becomes a counter.
      const decision = decideLease(key, state, command, surroundings)
      const count = new Map<string, number>()
      let { fence } = state
      for (const { token, fence: given } of decision.state.holders) {
        const known = state.holders.find((holder) => holder.token === token && holder.fence === given)
        count.set(token, known === undefined ? (fence += 1) : known.fence)
      }
      const holders = decision.state.holders.map((holder) => ({
        ...holder,
        fence: count.get(holder.token) ?? holder.fence,
      }))
      const { reply } = decision
      const granted = 'outcome' in reply && reply.outcome === 'granted' && 'token' in command
      const told = granted ? { ...reply, fence: count.get(command.token ?? '') ?? 0 } : reply
      return { ...withState(decision, { holders, fence }), reply: told }
    }),
  },
  {
    name: 'release by name',
    like: 'DEL without a look at the token',
    breakStorage: leases(() => (key, state, command, surroundings) => {
      const decision = decideLease(key, state, command, surroundings)
      if (command.op !== 'release' || decision.state.holders.length < state.holders.length) return decision
      return withState(decision, { holders: decision.state.holders.slice(1) })
    }),
  },
  {
    name: 'extend that revives',
    like: 'SET PX: the holder of an expired lease gets it back, whoever has it now',
    breakStorage: leases(() => (key, state, command, surroundings) => {
      const decision = decideLease(key, state, command, surroundings)
      if (command.op !== 'extend' || ('held' in decision.reply && decision.reply.held)) return decision
      const now = Math.floor(surroundings.nowUs / 1000)
      const { token, leaseMs } = command
      const holders = [{ token, fence: state.fence, expiresAt: now + leaseMs, claimed: true }]
      return {
        ...withState(decision, { holders }),
        reply: { ...decision.reply, held: true, remainingMs: leaseMs },
      }
    }),
  },
  {
    name: 'a push is trusted for a whole lease',
    like: 'what a waiter is told of is its lease; but nobody has heard from it, so it lasts one claim time',
    breakStorage: leases(() => (key, state, command, surroundings) => {
      const decision = decideLease(key, state, command, surroundings)
      const pushes = decision.pushes.map(({ process, push }) => ({
        process,
        push: push.kind === 'granted' ? { ...push, claimMs: push.claimMs * 10 } : push,
      }))
      return { ...decision, pushes }
    }),
  },
  {
    name: 'no notAfter',
    like: 'every peer: an acquire that was given up is executed later and blocks everybody for a lease',
    breakStorage: leases(
      () => (key, state, command, surroundings) =>
        decideLease(
          key,
          state,
          command.op === 'acquire' ? { ...command, notAfter: Infinity } : command,
          surroundings,
        ),
    ),
  },
  {
    name: 'release that forgets',
    like: 'DEL: nothing is left that could refuse an acquire which is still under way',
    breakStorage: leases(
      () => (key, state, command, surroundings) =>
        withState(decideLease(key, { ...state, ended: [] }, command, surroundings), { ended: [] }),
    ),
  },
  {
    name: 'frozen process is not dropped',
    like: 'Redisson: every frozen waiter costs its own claim time',
    breakStorage: leases(() => (key, state, command, surroundings) => {
      const decision = decideLease(key, state, command, surroundings)
      const frozen = decision.pushes
        .filter(({ push }) => push.kind === 'dropped')
        .map(({ process }) => process)
      const held = new Set(decision.state.holders.map(({ token }) => token))
      const kept = state.queue.filter((token) => frozen.includes(processOf(token)) && !held.has(token))
      const queue = [...kept, ...decision.state.queue.filter((token) => !kept.includes(token))]
      return frozen.length === 0 ? decision : withState(decision, { queue })
    }),
  },
  {
    name: 'hand-off without marker',
    like: 'ownership passed on as if its new owner were certain to be there',
    breakStorage: leases(() => (key, state, command, surroundings) => {
      const decision = decideLease(key, state, command, surroundings)
      return withState(decision, {
        holders: decision.state.holders.map((holder) => ({ ...holder, claimed: true })),
      })
    }),
  },
  {
    name: 'hand-off to no waiter',
    like: 'no look at the number of receivers: every dead waiter costs a claim time',
    breakStorage: leases(
      () => (key, state, command, surroundings) =>
        decideLease(key, state, command, { ...surroundings, listens: () => true }),
    ),
  },
  {
    name: 'publish to learn the count',
    like: 'PUBLISH, whose answer says how many heard it: a server that follows has passed the grant on to others',
    breakStorage: leases(() => (key, state, command, surroundings) => {
      const decision = decideLease(key, state, command, surroundings)
      const claimMs = 'claimMs' in command ? command.claimMs : 0
      const fence = Math.max(state.fence + 1, surroundings.nowUs)
      const pushes = decision.pushes.map((one) => {
        const token = state.queue.find((waiting) => processOf(waiting) === one.process)
        if (one.push.kind !== 'passed' || token === undefined) return one
        return { ...one, push: { kind: 'granted', key, token, fence, claimMs } as const }
      })
      return { ...decision, pushes }
    }),
  },
  {
    name: 'the count of a stale link is trusted',
    like: 'NUMSUB on the connection of the subscriber: on whatever server it is, it counts itself',
    breakConnection: (storage) => ({
      ...storage,
      leases: { ...storage.leases, countListeners: async () => 1 },
    }),
  },
  {
    name: 'barging',
    like: 'redlock, redis-semaphore: whoever asks first after an expiry has it',
    breakStorage: leases(() => (key, state, command, surroundings) => {
      const isFree = state.holders.every(({ expiresAt }) => expiresAt <= surroundings.nowUs / 1000)
      if (command.op !== 'acquire' || !isFree) return decideLease(key, state, command, surroundings)
      const decision = decideLease(key, { ...state, queue: [] }, command, surroundings)
      const queue = state.queue.filter((token) => token !== command.token)
      return withState(decision, { queue: [...queue, ...decision.state.queue] })
    }),
  },
  {
    name: 'a retry loses the place',
    like: 'ZADD without NX: a waiter that asks goes to the end',
    breakStorage: leases(() => (key, state, command, surroundings) => {
      if (command.op !== 'acquire') return decideLease(key, state, command, surroundings)
      const queue = state.queue.filter((token) => token !== command.token)
      return decideLease(key, { ...state, queue }, command, surroundings)
    }),
  },
  {
    name: 'release that wakes no waiter',
    like: 'DEL: waiters find out by themselves',
    breakStorage: leases(() => (key, state, command, surroundings) => {
      if (command.op !== 'release') return decideLease(key, state, command, surroundings)
      const decision = decideLease(key, { ...state, queue: [] }, command, surroundings)
      return withState(decision, { queue: state.queue.filter((token) => token !== command.token) })
    }),
  },
  {
    name: 'extension credited without acknowledgement',
    like: 'WAIT after the grant alone: a failover takes back what the holder was told it has',
    breakConnection: credited('extend'),
  },
  {
    name: 'grant credited without acknowledgement',
    like: 'WAIT whose answer nobody looks at',
    breakConnection: credited('acquire'),
  },
  {
    name: 'an acquire that succeeds by polling wakes no waiter',
    like: 'ourselves: the first of a process asks for all, and each relies on the one before',
    breakCore: () => {
      const mend = [
        replace(KeyQueue.prototype, 'askNow', () => () => undefined),
        replace(
          KeyQueue.prototype,
          'leave',
          (leave) =>
            function (this: KeyQueue, waiter: unknown) {
              const { dueAt } = this
              // Only for now, and as if an alarm were set.
              if (dueAt === Infinity) this.dueAt = 0
              const hadPlace = leave.call(this, waiter)
              if (this.dueAt === 0) this.dueAt = dueAt
              return hadPlace
            },
        ),
      ]
      return () => {
        for (const undo of mend) undo()
      }
    },
  },
  {
    name: 'a poll that fails wakes no waiter',
    like: 'an alarm that is set again by answers only',
    breakCore: () => replace(KeyQueue.prototype, 'failed', () => () => undefined),
  },
  ...sharedMutations,
]

/** As if every required replica had confirmed. */
function credited(op: 'acquire' | 'extend'): (storage: Storage) => Storage {
  return (storage) => {
    const { leases } = storage
    const credit = async (key: string, request: LeaseRequest & ExtendRequest): Promise<object> => ({
      ...(await leases[op](key, request)),
      acknowledged: request.durability?.replicas ?? 0,
    })
    return { ...storage, leases: { ...leases, [op]: credit } }
  }
}
