import { RedisNode, temporaryDirectory } from '@holdfast/test-support/servers'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'vitest'
import { Programs } from './program.ts'

it.concurrent('flags are read a million times from memory, and a change is seen, whatever becomes of the link', async ({
  expect,
  onTestFinished,
}) => {
  const directory = temporaryDirectory()
  onTestFinished(() => directory.remove())
  await using redis = await RedisNode.start()
  const TABLE = join(directory.path, 'flags.json')
  await using programs = new Programs('flags', { TABLE, REDIS_URL: redis.url })
  const turn = async (to: string): Promise<void> => {
    const operator = programs.start(`flags/flags.ts turn acme new-checkout ${to}`)
    expect(await operator.ended, operator.lines.join('\n')).toBe(0)
  }
  await turn('on')
  const server = programs.start('flags/flags.ts')
  const [counted] = await server.until(/^1000000 reads, (\d+) of them from memory, live$/)
  // What it reads until the link is up comes from Redis.
  expect(Number(counted?.[1])).toBeGreaterThan(900_000)
  await server.until(/^new-checkout is on$/)
  expect(server.matches(/^asks the database/)).toHaveLength(1)

  await turn('off')
  await server.until(/^new-checkout is off$/)
  expect(await redis.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBeGreaterThan(0)
  await turn('on')
  await server.until(/^new-checkout is on$/, 2)
  expect(server.matches(/^asks the database/)).toHaveLength(3)
  expect(await programs.commandsOf('flags')).toEqual([0, 0])

  // Without Redis: what was fresh for five seconds, and then what the database has.
  await redis.kill()
  await writeFile(TABLE, (await readFile(TABLE, 'utf8')).replace('true', 'false'))
  await server.until(/^new-checkout is off$/, 2)
  server.kill('SIGTERM')
  expect(await server.ended).toBe(0)
})
