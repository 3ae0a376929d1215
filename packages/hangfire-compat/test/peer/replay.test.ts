import { startRedis } from '@holdfast/test-support/redis'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { PREFIX } from '../dumps.ts'
import { violations } from '../hostile/invariants.ts'
import { snapshot } from '../hostile/snapshot.ts'
import { type MonitoredCommand, transcripts } from '../transcripts.ts'
import { unitsOf } from './lives.ts'

const server = await startRedis()
const redis = new Redis(server.url)
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})

/** In it a foreign script announces itself beside .NET: first as a member of `servers`, which breaks the watchdog. */
const FOREIGN = '06-monitor-lock.txt'
const recorded = transcripts
  .filter(({ name }) => name !== FOREIGN)
  .map(({ name, commands }) => [name, commands] as const)

describe('what .NET sent, sent again', () => {
  it.for(recorded)('%s: nothing is wrong at any moment', async ([name, commands]) => {
    await redis.flushall()
    // Hangfire 1.7 counts what was deleted by no date, and has a list that breaks one of its pages.
    const isOld = !name.includes('/')
    const acknowledged = new Set<string>()
    let looks = 0
    for (const unit of unitsOf(commands)) {
      const writes = unit.filter(isWrite)
      if (writes.length === 0) continue
      await redis.multi(writes.map(({ name: verb, args }) => [verb.toLowerCase(), ...args])).exec()
      for (const write of writes) follow(write, acknowledged)
      const found = violations(await snapshot(redis, PREFIX), { inHands: acknowledged })
      const wrong = isOld ? found.filter((each) => !/^(?:Deleted by|awaiting has)/.test(each)) : found
      expect(wrong, unit.map((command) => [command.name, ...command.args].join(' ')).join('\n')).toEqual([])
      looks += 1
    }
    expect(looks).toBeGreaterThan(1)
  })
})

/** 1.12.0 acknowledges a job before its state says that it has ended. */
function follow(
  { name, args: [key = '', field = '', value = ''] }: MonitoredCommand,
  acknowledged: Set<string>,
): void {
  if (name === 'LREM' && key.endsWith(':dequeued')) acknowledged.add(value)
  const [, id] = /job:([^:]+)$/.exec(key) ?? []
  if (name === 'HSET' && field === 'State' && id !== undefined) acknowledged.delete(id)
}

const READS =
  /^(?:GET|HGET|HMGET|HGETALL|LRANGE|LLEN|SMEMBERS|ZRANGE|ZRANGEBYSCORE|ZSCAN|TIME|TYPE|P?TTL|WATCH|UNWATCH|MULTI|EXEC)$/

function isWrite({ name, args: [key = ''] }: MonitoredCommand): boolean {
  return !READS.test(name) && key.startsWith(PREFIX)
}
