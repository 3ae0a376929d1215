import type { RedisState } from '../events/snapshot.ts'
import type { Ground } from './ground.ts'
import { inBackground } from './in-background.ts'
import type { News } from './news.ts'

const BEAT_MS = 1_000

/** How Redis is, as the coordinator sees it. */
export interface Pulse {
  state(): RedisState
  close(): void
}

/** Asks Redis once a second while a page hears it. */
export async function createPulse({ observer, redis, client, stopping }: Ground, news: News): Promise<Pulse> {
  let roundTripMs: number | null = null
  const beat = async (): Promise<void> => {
    if (!news.isHeard() || stopping.isStopped) return
    const health = await observer.health()
    ;({ roundTripMs } = health)
    if (roundTripMs !== null) news.say('observer', { type: 'redis.answered', roundTripMs })
  }
  const info = await client?.info('server').catch(() => undefined)
  const version = /(?:redis|valkey)_version:(\S+)/.exec(info ?? '')?.[1] ?? null
  const timer = setInterval(() => inBackground(news, 'Redis was not asked', beat()), BEAT_MS)
  return {
    state: () => ({
      state: stopping.isStopped ? 'stopped' : observer.connection.state === 'ready' ? 'up' : 'unreachable',
      version,
      persistence: redis?.own === undefined ? null : 'AOF',
      canBeStopped: redis?.own !== undefined,
      roundTripMs,
    }),
    close: () => clearInterval(timer),
  }
}
