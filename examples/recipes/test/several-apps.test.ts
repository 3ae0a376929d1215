import { RedisNode } from '@holdfast/test-support/servers'
import { expect, it } from 'vitest'
import { Programs } from './program.ts'

it.concurrent('two apps with the same names on one Redis do not see each other', async () => {
  await using redis = await RedisNode.start()
  await using programs = new Programs('apps', { WORK_MS: '1' })
  const login = async (app: string): Promise<string> => {
    const cli = programs.start(`../../packages/cli/src/main.ts acl --user ${app} --prefix ${app} --new-user`)
    const [line] = await cli.until(/^ACL SETUSER .*/)
    expect(await redis.ask(...String(line).split(' '))).toBe('OK')
    const url = new URL(redis.url)
    url.username = app
    url.password = 'a-long-password'
    return url.href
  }
  const [shop, billing] = await Promise.all([login('shop'), login('billing')])
  const run = async (prefix: string, REDIS_URL: string) => {
    const app = programs.start('several-apps/app.ts 2026-11', { HOLDFAST_PREFIX: prefix, REDIS_URL })
    return { code: await app.ended, lines: app.lines }
  }
  const [first, other] = await Promise.all([run('shop', shop), run('billing', billing)])
  for (const { code, lines } of [first, other]) {
    expect(lines).toEqual(['report 2026-11', 'job executed', 'lock had', 'cache loaded'])
    expect(code).toBe(0)
  }
  expect((await run('shop', shop)).lines).toEqual(['job replayed', 'lock had', 'cache hit'])

  // With the other one's prefix: refused, and nothing is done.
  const intruder = await run('billing', shop)
  expect(intruder.code).toBe(1)
  expect(intruder.lines.filter((line) => line.startsWith('report'))).toEqual([])
  expect(intruder.lines.find((line) => line.startsWith('failed'))).toMatch(/^failed STORAGE_REFUSED .*NOPERM/)

  const settings = { HOLDFAST_PREFIX: 'shop', REDIS_URL: shop, HOLDFAST_REDIS_URL: shop }
  expect(await programs.commandsOf('several-apps', settings)).toEqual([0, 0, 0, 0])
})
