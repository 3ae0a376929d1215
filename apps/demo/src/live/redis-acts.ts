import type { ActTable } from './acts.ts'
import { type Scene, refuse } from './scene.ts'

/** Redis is killed, and started again with the data that it had. */
export function redisActs({ ground, news }: Scene): Pick<ActTable, 'stop-redis' | 'start-redis'> {
  const { redis, stopping } = ground
  return {
    async 'stop-redis'() {
      if (stopping.isStopped) refuse('Redis is stopped already. Start it.')
      stopping.isStopped = true
      await redis?.own?.stop()
      news.say('coordinator', { type: 'redis.stopped' })
      news.log('warn', 'Redis was stopped (SIGKILL).')
      return 'Redis is stopped.'
    },
    async 'start-redis'() {
      if (!stopping.isStopped) refuse('Redis is up.')
      await redis?.own?.start()
      stopping.isStopped = false
      news.say('coordinator', { type: 'redis.started' })
      news.log('info', 'Redis was started again, with its data.')
      return 'Redis is started, with the data that it had.'
    },
  }
}
