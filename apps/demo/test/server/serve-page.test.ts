/** The demo as people start it. */
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { describe, it } from 'vitest'
import type { Snapshot } from '../../src/events/snapshot.ts'
import { type Run, RUNS, reviewable, startDemo } from '../demo-run.ts'
import type { Finish } from '../repository.ts'
import { openSource } from './event-source.ts'

const NO_DISPLAY = { DISPLAY: '', WAYLAND_DISPLAY: '', WSL_DISTRO_NAME: '', AIREVIEW_PORT: '0' }

const start = (args: readonly string[], onTestFinished: Finish, env: NodeJS.ProcessEnv = {}): Run =>
  startDemo(['--repo', reviewable(onTestFinished), ...args], onTestFinished, {
    env: { ...NO_DISPLAY, ...env },
  })

interface Address {
  readonly origin: string
  readonly token: string
}

async function addressOf(demo: Run): Promise<Address> {
  await demo.until(/\?token=[\w-]+\s/)
  const [, origin = '', token = ''] = /(http:\/\/\S+)\/\?token=([\w-]+)/.exec(demo.output()) ?? []
  return { origin, token }
}

const foldersOf = (demo: Run): readonly string[] =>
  readdirSync(RUNS).filter((name) => name.endsWith(`-${demo.child.pid}`))

describe('npm run demo', () => {
  it('serves the page with a token that is printed, and leaves no process when it ends', async (context) => {
    const { expect, onTestFinished } = context
    const demo = start(['--no-open'], onTestFinished)
    const { origin, token } = await addressOf(demo)
    expect(origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await (await fetch(origin)).text()).toContain('<script type="module"')

    const entered = await fetch(`${origin}/?token=${token}`, { redirect: 'manual' })
    const cookie = entered.headers.getSetCookie()[0]?.replace(/;.*/, '') ?? ''
    const fire = (headers: Readonly<Record<string, string>>) =>
      fetch(`${origin}/api/actions/fire`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-aireview': '1', origin, ...headers },
        body: JSON.stringify({ times: 3, waiting: 0 }),
      })
    expect((await fire({})).status).toBe(401)
    expect((await fire({ cookie })).status).toBe(200)
    const page = await openSource(`${origin}/api/events`, onTestFinished)
    const { data } = await page.until(({ event }) => event === 'snapshot')
    const { world } = data as Snapshot
    expect(new Set(world.instances.map(({ client }) => client))).toEqual(new Set(['ioredis', 'node-redis']))
    expect(new Set(world.instances.map(({ framework }) => framework))).toEqual(new Set(['fastify', 'nest']))
    await page.until(({ data: news }) => JSON.stringify(news).includes('"type":"attempt.started"'))

    demo.child.kill('SIGTERM')
    expect(await demo.exited, demo.output()).toBe(143)
    await expect(page.until(() => false)).rejects.toThrow('The stream has ended.')
    for (const { pid } of world.instances) expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
    expect(demo.output()).not.toContain('    at ')
  })

  it('shows the story in the terminal, too, where there is no display', async ({
    expect,
    onTestFinished,
  }) => {
    const demo = start(['--client', 'memory', '--fast'], onTestFinished)
    const { origin } = await addressOf(demo)
    await demo.until(/each job ran once[^]*The page is still at http/)
    expect(demo.words()).toContain(
      'instance-1 (memory, fastify), in the memory of this one process, without Redis',
    )
    expect((await fetch(`${origin}/readyz`)).status).toBe(200)
    demo.child.kill('SIGINT')
    expect(await demo.exited, demo.output()).toBe(130)
  })

  it('takes the usual port only where it is free', async ({ expect, onTestFinished }) => {
    const other = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void other.close())
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const demo = start(['--no-open', '--client', 'memory', '--port', `${port}`], onTestFinished)
    expect(await demo.exited).toBe(1)
    expect(demo.words()).toContain(`Port ${port} of 127.0.0.1 is in use. Stop what listens there`)
    expect(foldersOf(demo).length).toBeLessThanOrEqual(1)
  })

  it.for([
    [['--port', 'x'], {}, 'AIREVIEW_PORT, by an option, is "x": write a port from 0 to 65535'],
    [['--client', 'lettuce'], {}, 'AIREVIEW_CLIENT, by an option, is "lettuce": write mixed or ioredis'],
    [['--config', '/nowhere.env'], {}, 'There is no file /nowhere.env.'],
    [[], { AIREVIEW_PROT: '1' }, 'AIREVIEW_PROT is not read: did you mean AIREVIEW_PORT?'],
  ] as const)('%j with %j ends at once, and says what to write', async ([args, env, message], context) => {
    const { expect, onTestFinished } = context
    const demo = start(args, onTestFinished, env)
    expect(await demo.exited).toBe(78)
    expect(demo.words()).toContain(message)
    expect(demo.output()).not.toContain('    at ')
  })

  it('ends with the reason when the repository cannot be used', async ({ expect, onTestFinished }) => {
    const demo = startDemo(['--no-open', '--repo', '/nowhere/at/all'], onTestFinished, { env: NO_DISPLAY })
    expect(await demo.exited).toBe(1)
    expect(demo.words()).toContain('There is no folder /nowhere/at/all.')
    expect(demo.output()).not.toContain('    at ')
  })
})
