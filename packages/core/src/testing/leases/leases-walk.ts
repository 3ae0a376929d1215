import assert from 'node:assert/strict'
import {
  type LeaseCommand,
  type LeaseDecision,
  type LeaseReplies,
  type LeaseState,
  decideLease,
  noLease,
} from '../../locks/decide-lease.ts'
import type { LeasePush, LeaseStorage } from '../../storage/leases.ts'
import { Heard } from '../patience.ts'
import {
  type KitOptions,
  type StorageUnderTest,
  type TestRunner,
  freshName,
  seededInts,
  useStorage,
} from '../runner.ts'

/**
 * A seeded walk of every command by three processes, two of which come and go, with repeated commands, late ones, and
 * passing time. Beside the storage runs `decideLease()`: after every step both must give the same answer, the same
 * view of the key and the same pushes. A failure names the seed.
 *
 * What has a fence is true for ever, wherever it arrives: a listener that the storage does not count hears what the model
 * pushed and no more, and no fence is heard of with two tokens.
 */
export function leasesWalk(
  runner: TestRunner,
  open: () => Promise<StorageUnderTest>,
  { countsListeners = true, promptPushes = true }: KitOptions = {},
  {
    seeds = 10,
    steps = 150,
    firstSeed = 1,
  }: { readonly seeds?: number; readonly steps?: number; readonly firstSeed?: number } = {},
): void {
  runner.describe('leases, held against decideLease()', () => {
    const under = useStorage(runner, open)

    for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
      runner.it(`agree along the walk of seed ${seed}`, async () => {
        const int = seededInts(seed)
        const { leases } = under.storage
        const key = freshName('walk')
        const permits = [1, 1, 2, 3][int(4)] ?? 1
        const processes = [0, 1, 2].map((i) => freshName(`process${i}`))
        const listening = new Map<string, Listener>()
        const tokens: string[] = []
        const elsewhere = await listenElsewhere(under.listenElsewhere, processes)
        const owners = new Map<number, string>()
        const belongs = (token: string, fence: number): void => {
          assert.equal(owners.get(fence) ?? token, token, `seed ${seed}: fence ${fence} has two owners`)
          owners.set(fence, token)
        }
        let state: LeaseState = noLease
        let started = 0

        const pick = <T>(from: readonly T[]): T => from[int(from.length)] as T
        const freshToken = (): string => {
          const token = `${pick(processes)}.${(started += 1)}`
          tokens.push(token)
          return token
        }
        /** Mostly one that is about to matter. */
        const someToken = (): string => {
          const { holders, queue } = state
          const of = int(10)
          if (of < 5 && holders.length > 0) return pick(holders).token
          if (of < 8 && queue.length > 0) return pick(queue)
          return tokens.length > 0 && of < 9 ? pick(tokens.slice(-12)) : freshToken()
        }
        const command = async (): Promise<LeaseCommand> => {
          const now = await under.storage.time()
          const claimMs = pick([30, 60_000])
          switch (int(12)) {
            case 0:
              return { op: 'reapExpired', claimMs }
            case 1:
              return { op: 'inspect' }
            case 2:
              return int(3) === 0 ? { op: 'revoke', claimMs, token: someToken() } : { op: 'revoke', claimMs }
            case 3:
            case 4:
              return { op: 'extend', token: someToken(), leaseMs: pick([20, 60_000]) }
            case 5:
            case 6:
            case 7:
              return { op: 'release', token: someToken(), claimMs, notAfter: pick([0, now + 60_000]) }
            default:
              return {
                op: 'acquire',
                token: int(3) === 0 ? someToken() : freshToken(),
                leaseMs: pick([20, 60_000, 60_000]),
                permits,
                wait: int(4) > 0,
                claimMs,
                notAfter: now + (int(12) === 0 ? -1 : 60_000),
                uncounted: int(5) === 0,
              }
          }
        }

        try {
          for (const process of processes) listening.set(process, await listener(leases, process))
          for (let step = 0; step < steps; step += 1) {
            const where = `seed ${seed}, step ${step}`
            if (int(12) === 0) await under.elapse(pick([5, 25, 40]))
            if (int(20) === 0) {
              const process = pick(processes.slice(1))
              const there = listening.get(process)
              if (there === undefined) listening.set(process, await listener(leases, process))
              else {
                await there.stop()
                if (promptPushes) there.hasHeardNothingElse()
                listening.delete(process)
              }
            }
            const sentAt = await under.storage.time()
            const next = await command()
            const reply = await send(leases, key, next)
            const decideAt = (now: number, from = state): LeaseDecision<LeaseReplies[LeaseCommand['op']]> =>
              decideLease(key, from, next, {
                nowUs: now * 1_000,
                listens: (process) => (countsListeners ? listening.has(process) : undefined),
              })
            let expected = decideAt(reply.now)
            // In a cluster, who begins to listen only when it has to wait asks twice, the first time at an instant that it
            // does not tell.
            const mayAskTwice = !promptPushes && next.op === 'acquire' && next.wait
            for (let at = sentAt; mayAskTwice && at <= reply.now && !agree(reply, expected.reply); at += 1) {
              const first = decideAt(at)
              const second = decideAt(reply.now, first.state)
              expected = {
                state: second.state,
                reply: {
                  ...second.reply,
                  ...('kept' in second.reply && 'kept' in first.reply ? { kept: first.reply.kept } : {}),
                },
                pushes: [...first.pushes, ...second.pushes],
              }
            }
            assert.deepEqual(
              withoutFences(reply),
              withoutFences(expected.reply),
              `${where}: ${JSON.stringify(next)}`,
            )
            ;({ state } = expected)
            elsewhere?.expect(expected.pushes)
            if ('outcome' in reply && reply.outcome === 'granted' && 'token' in next) {
              belongs(next.token ?? '', reply.fence)
            }
            const fences = new Map<string, number>()
            for (const [process, there] of listening) {
              const pushed = expected.pushes.flatMap((to) =>
                to.process === process ? [JSON.stringify(withoutFences(to.push))] : [],
              )
              // They may take different ways, and so overtake each other.
              while (pushed.length > 0) {
                const push = await there.next()
                if (push.kind === 'granted') {
                  fences.set(push.token, push.fence)
                  belongs(push.token, push.fence)
                }
                const at = pushed.indexOf(JSON.stringify(withoutFences(push)))
                assert.ok(at >= 0 || !promptPushes, `${where}: pushed after ${JSON.stringify(next)}`)
                if (at >= 0) pushed.splice(at, 1)
              }
            }
            const view = await leases.inspect(key)
            const model = decideLease(
              key,
              state,
              { op: 'inspect' },
              { nowUs: view.now * 1_000, listens: () => true },
            )
            assert.deepEqual(
              withoutFences(view),
              withoutFences(model.reply),
              `${where}: after ${JSON.stringify(next)}`,
            )
            for (const { token, fence } of view.holders) {
              assert.equal(fences.get(token) ?? fence, fence, `${where}: the fence that was pushed`)
            }
            // The model cannot know the microseconds, so of the fences only their order is compared.
            const order = (holders: readonly { token: string; fence: number }[]): string[] =>
              [...holders].sort((a, b) => a.fence - b.fence).map(({ token }) => token)
            assert.deepEqual(
              order(view.holders),
              order(model.reply.holders),
              `${where}: the order of the fences`,
            )
          }
          for (const there of listening.values()) if (promptPushes) there.hasHeardNothingElse()
          assert.ok(started > 0, 'the walk did something')
          for (const { token, fence } of (await elsewhere?.heardOnlyThat(leases, `seed ${seed}`)) ?? []) {
            belongs(token, fence)
          }
        } finally {
          for (const there of listening.values()) await there.stop()
          await elsewhere?.stop()
        }
      })
    }
  })
}

interface Listener {
  next(): Promise<LeasePush>
  stop(): Promise<void>
  hasHeardNothingElse(): void
}

async function listener(leases: LeaseStorage, process: string): Promise<Listener> {
  const heard = new Heard<LeasePush>()
  const stop = await leases.listen(process, (push) => heard.add(push))
  return {
    async next() {
      await heard.until(({ length }) => length > 0)
      const [push] = heard.all.splice(0, 1)
      assert.ok(push)
      return push
    },
    stop,
    hasHeardNothingElse: () =>
      assert.deepEqual(heard.all, [], 'nothing was pushed that should not have been'),
  }
}

type Granted = Extract<LeasePush, { kind: 'granted' }>

interface Elsewhere {
  expect(pushes: LeaseDecision<unknown>['pushes']): void
  /** Resolves with the grants, when all that was pushed until now has arrived. */
  heardOnlyThat(leases: LeaseStorage, where: string): Promise<readonly Granted[]>
  stop(): Promise<void>
}

async function listenElsewhere(
  listen: LeaseStorage['listen'] | undefined,
  processes: readonly string[],
): Promise<Elsewhere | undefined> {
  if (listen === undefined) return undefined
  const expected: string[] = []
  const heard: { process: string; push: LeasePush }[] = []
  const last = freshName('last')
  let hearLast = (): void => undefined
  const lastHeard = new Promise<void>((resolve) => (hearLast = resolve))
  const stops = [await listen(last, () => hearLast())]
  for (const process of processes) {
    stops.push(await listen(process, (push) => void heard.push({ process, push })))
  }
  return {
    expect(pushes) {
      for (const { process, push } of pushes)
        expected.push(`${process} ${JSON.stringify(withoutFences(push))}`)
    },
    async heardOnlyThat(leases, where) {
      // What follows arrives behind all that went before.
      const key = freshName('last')
      const request = { leaseMs: 60_000, permits: 1, wait: true, claimMs: 60_000, notAfter: Infinity }
      await leases.acquire(key, { ...request, token: `${last}.1` })
      await leases.acquire(key, { ...request, token: `${last}.2`, uncounted: true })
      await leases.release(key, { token: `${last}.1`, claimMs: 60_000, notAfter: 0 })
      await lastHeard
      const grants = heard.map(({ push }) => push).filter((push): push is Granted => push.kind === 'granted')
      const untrue = grants.filter(
        ({ token }) => !expected.some((text) => text.includes(JSON.stringify(token))),
      )
      assert.deepEqual(untrue, [], `${where}: grants that were not made`)
      const said = heard.map(({ process, push }) => `${process} ${JSON.stringify(withoutFences(push))}`)
      assert.deepEqual(said, expected, `${where}: received where no server counts`)
      return grants
    },
    async stop() {
      for (const stop of stops) await stop()
    },
  }
}

function send(leases: LeaseStorage, key: string, command: LeaseCommand) {
  switch (command.op) {
    case 'acquire':
      return leases.acquire(key, command)
    case 'release':
      return leases.release(key, command)
    case 'extend':
      return leases.extend(key, command)
    case 'revoke':
      return leases.revoke(key, command)
    case 'reapExpired':
      return leases.reapExpired(key, command.claimMs)
    case 'inspect':
      return leases.inspect(key)
  }
}

function agree(one: object, other: object): boolean {
  try {
    assert.deepEqual(withoutFences(one), withoutFences(other))
    return true
  } catch {
    return false
  }
}

function withoutFences(reply: object): unknown {
  return JSON.parse(JSON.stringify(reply, (name, value: unknown) => (name === 'fence' ? undefined : value)))
}
