import type { World } from '../live/world.ts'
import type { Scene } from './step.ts'

/** Puts right what a step, or a visitor, has left: every machine is up, and so is Redis. */
export async function putRight(world: World, until?: Scene['until']): Promise<void> {
  const { redis, instances, reviewer, missingActions } = world.state()
  const can = (name: keyof typeof missingActions): boolean => missingActions[name] === undefined
  // What has been put right meanwhile is refused, which is as good.
  if (redis.state === 'stopped' && can('start-redis')) await world.act('start-redis', {})
  for (const { name, isCut } of instances) if (isCut) await world.act('restore', { instance: name })
  for (const { name, state } of instances) {
    if (state === 'frozen') await world.act('thaw', { instance: name })
    if (state === 'gone') await world.act('start', { instance: name })
  }
  if (reviewer !== 'normal') await world.act('reviewer', { mode: 'normal' })
  await until?.('Every machine, and Redis,', () => {
    const now = world.state()
    const isRedisUp = now.storage === 'memory' || now.redis.state === 'up'
    return isRedisUp && now.instances.every(({ state }) => state === 'up')
  })
}
