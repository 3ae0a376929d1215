import { provideRedis } from '@holdfast/test-support/redis'
import { noteServers } from './servers.ts'

/** One private Redis for the whole run; tests and the processes they start find it in REDIS_URL. */
export default async function setup(): Promise<() => Promise<void>> {
  const redis = await provideRedis()
  await noteServers()
  process.env['REDIS_URL'] = redis.url
  return async () => await redis.stop()
}
