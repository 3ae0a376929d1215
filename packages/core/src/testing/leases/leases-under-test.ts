import assert from 'node:assert/strict'
import type { AcquireReply, LeasePush, LeaseRequest, LeaseStorage } from '../../storage/leases.ts'
import { Heard } from '../patience.ts'
import { type OpenStorage, freshName } from '../runner.ts'

/** How long a hand-off waits for its owner, where a test does not say otherwise. */
export const CLAIM_MS = 30_000

/** What a process heard, and a way to wait for more. */
export interface Ear {
  readonly process: string
  readonly heard: LeasePush[]
  /** Resolves once `count` pushes were heard in all. */
  hears(count: number): Promise<void>
  /** Resolves once a grant to this token was heard. */
  hearsGrant(token: string): Promise<void>
  stop(): Promise<void>
}

/** The storage, with the commands as tests give them: a lock of one permit, 30 s, joining the queue. */
export interface LeasesUnderTest extends Pick<OpenStorage, 'elapse' | 'exhaustMemory'> {
  leases(): LeaseStorage
  time(): Promise<number>
  /** A `notAfter` that is not over before the test is. */
  inTime(): Promise<number>
  freshToken(process?: string): string
  acquire(key: string, token: string, more?: Partial<LeaseRequest>): Promise<AcquireReply>
  /** Acquires what has to be free; resolves with the fence. */
  granted(key: string, token: string, more?: Partial<LeaseRequest>): Promise<number>
  /** Acquires what has to be held by others. */
  queued(key: string, token: string, more?: Partial<LeaseRequest>): Promise<void>
  /** Resolves with the outcome. */
  release(key: string, token: string, notAfter?: number): Promise<string>
  /** The tokens that hold the key now. */
  holders(key: string): Promise<string[]>
  listen(process?: string): Promise<Ear>
}

export function leasesUnderTest(under: OpenStorage): LeasesUnderTest {
  const leases = (): LeaseStorage => under.storage.leases
  const time = (): Promise<number> => under.storage.time()
  const inTime = async (): Promise<number> => (await time()) + 60_000
  let tokens = 0

  const acquire: LeasesUnderTest['acquire'] = async (key, token, more) =>
    leases().acquire(key, {
      token,
      leaseMs: 30_000,
      permits: 1,
      wait: true,
      claimMs: CLAIM_MS,
      notAfter: await inTime(),
      ...more,
    })
  return {
    leases,
    time,
    inTime,
    acquire,
    elapse: under.elapse,
    exhaustMemory: () => under.exhaustMemory(),
    freshToken: (process = freshName('process')) => `${process}.${(tokens += 1).toString(36)}`,
    async granted(key, token, more) {
      const reply = await acquire(key, token, more)
      assert.equal(reply.outcome, 'granted')
      return reply.outcome === 'granted' ? reply.fence : 0
    },
    async queued(key, token, more) {
      assert.equal((await acquire(key, token, more)).outcome, 'queued')
    },
    release: async (key, token, notAfter = 0) =>
      (await leases().release(key, { token, claimMs: CLAIM_MS, notAfter })).outcome,
    holders: async (key) =>
      (await leases().inspect(key)).holders
        .filter(({ remainingMs }) => remainingMs > 0)
        .map(({ token }) => token),
    async listen(process = freshName('process')) {
      const heard = new Heard<LeasePush>()
      const stop = await leases().listen(process, (push) => heard.add(push))
      return {
        process,
        heard: heard.all,
        stop,
        hears: (count) => heard.until(({ length }) => length >= count),
        hearsGrant: (token) =>
          heard.until((all) => all.some((push) => push.kind === 'granted' && push.token === token)),
      }
    },
  }
}
