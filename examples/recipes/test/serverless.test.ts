import { setTimeout as delay } from 'node:timers/promises'
import { RedisNode } from '@holdfast/test-support/servers'
import { describe, expect, it } from 'vitest'
import { Lambda } from './lambda.ts'
import { Programs } from './program.ts'

describe.concurrent('environments that are frozen between invocations', () => {
  it('ship an order once, whichever of them gets its message', async () => {
    await using programs = new Programs('serverless', { WORK_MS: '1' })
    await using one = await Lambda.start(programs)
    await using other = await Lambda.start(programs)
    expect(await one.invoke('o-1')).toBe(0)
    expect(await other.invoke('o-1')).toBe(0)
    expect(await one.invoke('o-1')).toBe(0)
    expect(one.program.matches(/^o-1 (.*)/).map(([, status]) => status)).toEqual(['executed', 'replayed'])
    expect(other.program.matches(/^o-1 (.*)/).map(([, status]) => status)).toEqual(['replayed'])
    expect(await programs.commandsOf('serverless')).toEqual([0])
  })

  it('work when they are thawed and Redis has closed their connection', async () => {
    await using redis = await RedisNode.start()
    await using programs = new Programs('serverless', { REDIS_URL: redis.url, WORK_MS: '1' })
    await using lambda = await Lambda.start(programs)
    expect(await lambda.invoke('o-1')).toBe(0)
    await redis.ask('CLIENT', 'KILL', 'TYPE', 'normal')
    expect(await lambda.invoke('o-2')).toBe(0)
    expect(lambda.program.matches(/^ship/)).toHaveLength(2)
  })

  it('have another one take over what froze in the middle, and refuse its late end', async () => {
    await using programs = new Programs('serverless')
    await using frozen = await Lambda.start(programs, { WORK_MS: '3000' })
    await using other = await Lambda.start(programs, { WORK_MS: '1' })
    const late = frozen.invoke('o-1', 5_000)
    await frozen.program.until(/^ship o-1 attempt 1$/)
    frozen.program.kill('SIGSTOP')
    // The queue sends it again, and fails until the lease has ended.
    expect(await other.invoke('o-1')).toBe(1)
    while ((await other.invoke('o-1')) > 0) await delay(100)
    expect(other.program.matches(/^ship o-1 attempt 2$/)).toHaveLength(1)
    frozen.program.kill('SIGCONT')
    expect(await late).toBe(1)
    expect(frozen.program.lines.some((line) => line.startsWith('o-1 executed'))).toBe(false)
  })
})
