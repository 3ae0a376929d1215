import { describe, expect, it } from 'vitest'
import { type Program, Programs } from './program.ts'

const FILE = 'long-job/background-job.ts'
const part = (attempt: number) => new RegExp(`^\\S+ part (\\d+) attempt ${attempt}$`)
const partsOf = (program: Program, attempt: number): number[] =>
  program.matches(part(attempt)).map(([, number]) => Number(number))

const urlOf = async (program: Program): Promise<string> => {
  const [match] = await program.until(/^listening on .*port: (\d+)/)
  return `http://127.0.0.1:${match?.[1]}`
}

const post = async (url: string, month: string): Promise<Response> =>
  await fetch(`${url}/reports/${month}`, { method: 'POST', headers: { connection: 'close' } })

const get = async (url: string, month: string): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(`${url}/reports/${month}`, { headers: { connection: 'close' } })
  return { status: response.status, body: await response.json() }
}

describe.concurrent('a job in the background', () => {
  it('that one instance of three was asked for is taken over when that instance is killed', async () => {
    await using programs = new Programs('background', { PORT: '0', CHECK_MS: '50', WORK_MS: '1' })
    const killed = programs.start(FILE, { LEASE_MS: '3000', WORK_MS: '600' })
    const others = [programs.start(FILE), programs.start(FILE)] as const
    const [asked, ...urls] = await Promise.all([killed, ...others].map(urlOf))
    expect((await get(asked ?? '', '2026-11')).status).toBe(404)

    const accepted = await post(asked ?? '', '2026-11')
    expect([accepted.status, accepted.headers.get('location')]).toEqual([202, '/reports/2026-11'])
    await killed.until(part(1), 2)
    for (const url of urls) {
      const { status, body } = await get(url, '2026-11')
      expect([status, Object.keys(body as object)]).toEqual([200, ['state', 'percent', 'message']])
      expect(body).toMatchObject({ state: 'running', message: expect.stringMatching(/^part \d of 4$/) })
    }
    killed.kill('SIGKILL')
    const next = await Promise.race(
      others.map(async (other) => {
        await other.until(/^2026-11 executed$/)
        return other
      }),
    )
    // From the last checkpoint: part 1 was saved.
    expect(partsOf(next, 2)[0]).toBeGreaterThan(1)
    expect(partsOf(next, 2).at(-1)).toBe(4)
    expect(others.flatMap((other) => partsOf(other, 1))).toEqual([])
    for (const url of urls)
      expect(await get(url, '2026-11')).toEqual({
        status: 200,
        body: { state: 'completed', result: { rows: 400 } },
      })
    // It stood for the lease, 3 s, at least; the looks of both saw it, or that of one alone.
    const ages = others.flatMap((other) => other.matches(/^ownerless 1 oldest (\d+) s$/))
    expect(ages.length).toBeGreaterThan(0)
    expect(ages.every(([, age]) => Number(age) >= 3)).toBe(true)
    for (const other of others) await other.until(/^ownerless 0 oldest 0 s$/)
    expect(await programs.commandsOf('background-job')).toEqual([0, 0])
  })

  it('that all instances were asked for runs once', async () => {
    await using programs = new Programs('background', { PORT: '0', WORK_MS: '1' })
    const instances = programs.three(FILE)
    const urls = await Promise.all(instances.map(urlOf))
    const answers = await Promise.all(urls.map(async (url) => (await post(url, '2026-11')).status))
    expect(answers).toEqual([202, 202, 202])
    await Promise.race(instances.map((instance) => instance.until(/^2026-11 executed$/)))
    expect(instances.flatMap((instance) => partsOf(instance, 1))).toEqual([1, 2, 3, 4])
    for (const instance of instances) instance.kill('SIGTERM')
    expect(await Promise.all(instances.map(({ ended }) => ended))).toEqual([0, 0, 0])
  })

  it('goes on elsewhere as the same attempt when its instance stops, and no client sees a failure', async () => {
    await using programs = new Programs('background', { PORT: '0', LEASE_MS: '86400000' })
    const stopped = programs.start(FILE, { WORK_MS: '600000' })
    const looker = programs.start(FILE, { CHECK_MS: '86400000' })
    const [asked, url] = await Promise.all([urlOf(stopped), urlOf(looker)])
    expect((await post(asked, '2026-11')).status).toBe(202)
    await stopped.until(part(1))
    stopped.kill('SIGTERM')
    expect(await stopped.ended).toBe(0)
    expect(stopped.lines).toContain('2026-11 goes on elsewhere: this instance stops')
    expect((await get(url, '2026-11')).body).toMatchObject({ state: 'running' })
    const other = programs.start(FILE, { WORK_MS: '1', CHECK_MS: '50' })
    await other.until(/^2026-11 executed$/)
    expect(partsOf(other, 1)).toEqual([1, 2, 3, 4])
  })

  it('that fails ends no process, and shows a client nothing of the error', async () => {
    await using programs = new Programs('background', { PORT: '0', WORK_MS: '1' })
    const program = programs.start(FILE)
    const url = await urlOf(program)
    expect((await post(url, '1999-12')).status).toBe(202)
    await program.until(/^1999-12 failed: no connection to db-7\.internal$/)
    expect(await get(url, '1999-12')).toEqual({
      status: 200,
      body: { state: 'failed', message: 'The report could not be made.' },
    })
    for (let attempts = 2; attempts <= 6; attempts += 1) {
      expect((await post(url, '1999-12')).status).toBe(202)
      await program.until(/^1999-12 failed/, attempts)
    }
    // `maxAttempts`: the sixth start has run nothing.
    expect(program.matches(/^1999-12 part 1/)).toHaveLength(5)
  })

  it('is made of a month alone, so that no caller fills Redis with keys', async () => {
    await using programs = new Programs('background', { PORT: '0', WORK_MS: '1' })
    const program = programs.start(FILE)
    const url = await urlOf(program)
    for (const key of ['2026-13', '2026-11x', 'x'.repeat(500)]) {
      expect((await post(url, key)).status).toBe(400)
      expect(await get(url, key)).toEqual({ status: 400, body: { state: 'not a month' } })
    }
    expect(program.matches(/ part 1 of /)).toEqual([])
  })

  it('is not accepted without Redis', async () => {
    const settings = { PORT: '0', REDIS_URL: 'redis://127.0.0.1:1', CALL_TIMEOUT_MS: '200' }
    await using programs = new Programs('background', settings)
    const program = programs.start(FILE)
    const answer = await post(await urlOf(program), '2026-11')
    expect([answer.status, await answer.json()]).toEqual([503, { state: 'not started' }])
    expect(program.matches(part(1))).toEqual([])
  })
})
