import type { Redis } from 'ioredis'

/** The commands that a server got since its statistics were reset, each with Redis's flags for it. */
export async function sentCommands(redis: Redis): Promise<ReadonlyMap<string, readonly string[]>> {
  const stats = await redis.info('commandstats')
  const names = [...stats.matchAll(/^cmdstat_([^:|]+)[|:]/gm)].map(([, name = '']) => name)
  const infos = (await redis.command('INFO', ...names)) as readonly (readonly [string, number, string[]])[]
  return new Map(infos.map(([name, , flags]) => [name, flags]))
}
