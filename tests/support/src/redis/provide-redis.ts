import { findRedis } from './find-redis.ts'
import { startRedis } from './start-redis.ts'

export interface ProvidedRedis {
  readonly url: string
  /** Ends the server if it was started here, not one that REDIS_URL names. */
  stop(): Promise<void>
}

/** A Redis for a whole run: the one REDIS_URL names, else a private one. */
export async function provideRedis(): Promise<ProvidedRedis> {
  const found = await findRedis()
  if (found.kind === 'running') return { url: found.url, stop: async () => {} }
  return startRedis({ binary: found.binary })
}
