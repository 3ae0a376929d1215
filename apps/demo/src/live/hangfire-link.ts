import { REVIEW_QUEUE } from '../hangfire/review-job.ts'
import { type HangfireWriter, hangfireWriter } from '../hangfire/write-hangfire.ts'
import { addressOf } from '../hangfire/settings.ts'
import type { HangfireState } from '../events/hangfire-news.ts'
import { connectRedis } from '../instances/connect.ts'
import { inBackground } from './in-background.ts'
import type { News } from './news.ts'
import type { WorldOptions } from './options.ts'

type Settings = NonNullable<WorldOptions['hangfire']>

/** The coordinator's connection to a Hangfire, and how that is. */
export interface HangfireLink extends Pick<HangfireWriter, 'write' | 'monitor'> {
  state(): HangfireState
  /** Once a second, while Hangfire answers. What it rejects with counts as no answer. */
  eachBeat(look: () => Promise<void>): void
}

const BEAT_MS = 1_000

/** @throws Error with a message for people when its Redis cannot be used */
export async function linkHangfire(
  { url, prefix, dashboard }: Settings,
  news: News,
  stack: AsyncDisposableStack,
): Promise<HangfireLink> {
  const address = addressOf(url)
  const cannot = (error: unknown): never => {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(
      `The Redis of the Hangfire, ${address}, cannot be used: ${reason}. Start it, or leave --hangfire (AIREVIEW_HANGFIRE_URL) out.`,
      { cause: error },
    )
  }
  const connected = await connectRedis('ioredis', url).catch(cannot)
  stack.defer(() => connected.close())
  const writer = hangfireWriter(connected.client, prefix)
  stack.defer(() => writer.close())

  let state: HangfireState = { address, prefix, queue: REVIEW_QUEUE, dashboard, state: 'up', waiting: 0 }
  const be = (now: Pick<HangfireState, 'state' | 'waiting'>): void => {
    if (now.state === state.state && now.waiting === state.waiting) return
    if (now.state !== state.state)
      news.log(
        now.state === 'up' ? 'info' : 'warn',
        now.state === 'up'
          ? `Hangfire, at ${address}, answers again.`
          : `Hangfire, at ${address}, does not answer. Nothing is started by it until it does.`,
      )
    state = { ...state, ...now }
    news.say('coordinator', { type: 'hangfire', ...state })
  }
  const looks: (() => Promise<void>)[] = []
  const waiting = async (): Promise<number> => {
    const { queues } = await writer.monitor.queues()
    return queues.find(({ name }) => name === REVIEW_QUEUE)?.length ?? 0
  }
  await waiting().catch(cannot)
  let beating = false
  const beat = async (): Promise<void> => {
    if (beating) return
    beating = true
    try {
      const now = await waiting()
      for (const look of looks) await look()
      be({ state: 'up', waiting: now })
    } catch (error) {
      // Its Redis, or a database that is busy: the next beat asks again.
      const { code } = error as { readonly code?: unknown }
      if (code !== 'STORAGE_UNAVAILABLE' && code !== 'STORAGE_REFUSED') throw error
      be({ state: 'unreachable', waiting: state.waiting })
    } finally {
      beating = false
    }
  }
  const timer = setInterval(() => inBackground(news, 'Hangfire was not looked at', beat()), BEAT_MS)
  stack.defer(() => clearInterval(timer))
  return {
    write: writer.write,
    get monitor() {
      return writer.monitor
    },
    state: () => state,
    eachBeat: (look) => void looks.push(look),
  }
}
