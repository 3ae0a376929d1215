/** What people see: live views, questions and colours, in a pseudo-terminal. */
import { once } from 'node:events'
import { RedisNode, until } from '@holdfast/test-support/servers'
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { inTerminal, startCli } from '../run-cli.ts'
import { openShop } from '../shop.ts'

const shop = await openShop()
const { locks, cache, idempotency } = shop.holdfast
/** The cache gives a call 250 ms, which a busy machine may use up. */
const PATIENT = { timeout: 120_000 }
afterAll(async () => await shop[Symbol.asyncDispose]())

const [CTRL_C, ENTER] = ['\u0003', '\r']
const SHOW_CURSOR = '\u001b[?25h'
const HIDE_CURSOR = '\u001b[?25l'

describe('locks watch', () => {
  it('follows a lock, and leaves the terminal as it was at Ctrl-C', async () => {
    const lease = await locks.acquire('report')
    const watching = inTerminal(['locks', 'watch', 'report', '--interval-ms', '50'], shop.env)
    await watching.shows(/report.*\(lock\): held by 1, 0 waiting/)
    await lease.release()
    await watching.shows(/no holder, no waiter/)
    watching.press(CTRL_C)
    const { code, screen } = await watching.ended
    expect(code).toBe(130)
    expect(screen).toContain(HIDE_CURSOR)
    expect(screen.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(screen.lastIndexOf(HIDE_CURSOR))
    // Colours, on a terminal.
    expect(screen).toContain('\u001b[1m')
  })
})

describe('locks watch, on and on', () => {
  it('ends with 130 at Ctrl-C also without a terminal', async () => {
    const child = startCli(['locks', 'watch', 'report', '--json'], shop.env)
    const ended = once(child, 'close')
    const [line] = (await once(child.stdout ?? expect.unreachable(), 'data')) as [Buffer]
    expect(JSON.parse(String(line))).toMatchObject({ schema: 1, command: 'locks watch', locks: [] })
    child.kill('SIGINT')
    expect(await ended).toEqual([130, null])
  })

  it('survives an outage of Redis', async () => {
    const node = await RedisNode.start()
    onTestFinished(() => node.stop())
    const env = { HOLDFAST_REDIS_URL: `redis://127.0.0.1:${node.port}`, HOLDFAST_TIMEOUT_MS: '3000' }
    const watching = inTerminal(['locks', 'watch', 'report', '--interval-ms', '50'], env)
    await watching.shows(/no holder, no waiter/)
    await node.kill()
    await watching.shows(/Redis does not answer, trying again/)
    await node.restart()
    await watching.shows(/trying again[^]*no holder, no waiter/)
    watching.press(CTRL_C)
    expect((await watching.ended).code).toBe(130)
  })
})

describe('jobs watch', () => {
  it('ends at Ctrl-C, and the job goes on', async () => {
    let end = (): void => {}
    const running = idempotency.run(
      'video',
      'long',
      () => new Promise<number>((resolve) => (end = () => resolve(1))),
    )
    await until('it runs', async () => await idempotency.isExecuting('video', 'long'))
    const watching = inTerminal(['jobs', 'watch', 'video', 'long'], { ...shop.env, NO_COLOR: '1' })
    await watching.shows(/video long: executing/)
    watching.press(CTRL_C)
    const { code, screen } = await watching.ended
    expect(code).toBe(130)
    expect(screen).not.toContain('\u001b[1m')
    end()
    expect(await running).toMatchObject({ status: 'executed' })
  })
})

describe('a change', () => {
  it('is made when the answer is yes', async () => {
    await vi.waitFor(() => cache.set('price', 1), PATIENT)
    const asking = inTerminal(['cache', 'remove', 'price'], shop.env)
    await asking.shows(/Remove price from the cache\?/)
    asking.press(`y${ENTER}`)
    const { code, screen } = await asking.ended
    expect([code, await cache.get('price')]).toEqual([0, undefined])
    expect(screen).toContain('1 entry removed.')
  })

  it.each([
    ['no', ENTER, 1],
    ['Ctrl-C', CTRL_C, 130],
  ])('is not made when the answer is %s', async (_, keys, expected) => {
    await vi.waitFor(() => cache.set('price', 1), PATIENT)
    const asking = inTerminal(['cache', 'clear'], shop.env)
    await asking.shows(/Clear the cache of shop\?/)
    asking.press(keys)
    const { code, screen } = await asking.ended
    expect([code, await cache.get('price')]).toEqual([expected, 1])
    expect(screen).toContain('holdfast: Nothing was changed.')
  })
})
