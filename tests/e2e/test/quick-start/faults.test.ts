/** The five commonest faults of docs/quick-start.md: each is made, shows what the page says, and ends by what the page says. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RunningRedis, startRedis } from '@holdfast/test-support/redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ended, Reader, freePorts } from '../../src/quick-start/reader.ts'
import { startCommandLine } from '../../src/runbook/command-line.ts'

const page = readFileSync(join(import.meta.dirname, '../../../../docs/quick-start.md'), 'utf8')
const rows = page
  .split('## The five commonest faults')[1]
  ?.split('##')[0]
  ?.split('\n')
  .filter((line) => line.startsWith('| ') && !line.includes('what you see'))

const THREE = '(for n in 1 2 3; do INSTANCE=web-$n node report.mjs & done; wait)'

function times(what: string, { said }: Ended): number {
  return said.split(what).length - 1
}

describe.concurrent('the commonest faults of the quick start', () => {
  let redis: RunningRedis
  let locked: RunningRedis
  beforeAll(async () => {
    redis = await startRedis()
    locked = await startRedis({ args: ['--requirepass', 'secret'] })
  })
  afterAll(async () => {
    await redis.stop()
    await locked.stop()
  })

  it('are five', () => {
    expect(rows).toHaveLength(5)
  })

  it('1: there is no Redis', async () => {
    await using reader = new Reader(`redis://localhost:${await freePorts(['1'])}1`)
    const { code, said } = await reader.run('node report.mjs')
    expect(code).toBe(1)
    for (const shown of shownIn(0)) expect(said).toContain(shown)
  })

  it('2: Redis wants another password', async () => {
    await using reader = new Reader(locked.url)
    const [none, wrong, right] = await Promise.all(
      ['', ':wrong@', ':secret@'].map(
        async (password) =>
          await reader.run('node report.mjs', { REDIS_URL: locked.url.replace('//', `//${password}`) }),
      ),
    )
    const [code = '', begin = '', end = ''] = shownIn(1)
    expect(none?.said).toContain(code)
    expect(none?.said).toContain(begin)
    expect(wrong?.said).toContain(`${begin.replace('NOAUTH', '')}${end}`)
    expect(right?.code).toBe(0)
  })

  it('3: a start does not wait', async () => {
    await using reader = new Reader(redis.url)
    reader.change('report.mjs', (text) =>
      text
        .replace("{ onInProgress: 'wait' }", '{}')
        .replace('monday', 'day 3')
        // Long enough for all three to have started.
        .replace('delay(250)', 'delay(2_500)'),
    )
    const three = await reader.run(THREE)
    expect(times('makes the report', three)).toBe(1)
    expect(times(`code: '${shownIn(2)[0]}'`, three)).toBe(2)
  })

  it.each([
    ['other prefixes', changed("prefix: 'shop'", 'prefix: instance')],
    [
      'memory',
      (text: string) =>
        changed(
          '{ createHoldfast }',
          '{ createHoldfast, memoryStorage }',
        )(changed('ioredisStorage(redis)', 'memoryStorage()')(text)),
    ],
  ])('4: every instance makes the report, for they have %s', async (_, mistake) => {
    await using reader = new Reader(redis.url)
    reader.change('report.mjs', (text) => mistake(text).replace("'monday'", "'day 4'"))
    const three = await reader.run(THREE)
    expect(times('makes the report', three)).toBe(3)
    expect(rows?.[3]).toContain('makes the report')
  })

  it('5: the body does not run', async ({ expect, onTestFinished }) => {
    await using reader = new Reader(redis.url)
    await reader.run('node report.mjs friday')
    const again = await reader.run('node report.mjs friday')
    expect(times('makes the report', again)).toBe(0)
    expect(times(shownIn(4)[0] ?? '', again)).toBe(1)

    expect(times('executed', await reader.run('node report.mjs saturday'))).toBe(1)
    const [, words = ''] = /`npx @holdfast\/cli (jobs forget [^`]*)`/.exec(rows?.[4] ?? '') ?? []
    const forget = words.replace('monday', 'friday').split(' ')
    const holdfast = startCommandLine()
    onTestFinished(() => holdfast.stop())
    await holdfast.run(redis.url, [...forget, '--yes'])
    expect(times('executed', await reader.run('node report.mjs friday'))).toBe(1)
  })

  it('and what the HTTP route refuses', async () => {
    await using reader = new Reader(redis.url)
    const port = `${await freePorts(['1'])}1`
    const server = reader.start('exec node server.mjs', { PORT: port })
    await server.says('listens')
    const ask = async (headers: Record<string, string>, cart: number): Promise<unknown> => {
      const body = JSON.stringify({ cart })
      const answer = await fetch(`http://localhost:${port}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      })
      return { status: answer.status, ...((await answer.json()) as { code?: string }) }
    }
    expect(await ask({ 'idempotency-key': 'k' }, 1)).toMatchObject({ status: 201 })
    expect(await ask({ 'idempotency-key': 'k' }, 2)).toMatchObject({
      status: 422,
      code: 'IDEMPOTENCY_KEY_REUSED',
    })
    expect(await ask({}, 1)).toMatchObject({ status: 400, code: 'IDEMPOTENCY_KEY_MISSING' })
    await server.end('SIGTERM')
    expect(server.child.exitCode).toBe(0)
  })
})

function changed(from: string, to: string): (text: string) => string {
  return (text) => {
    if (!text.includes(from)) throw new Error(`the program does not have ${from}`)
    return text.replace(from, to)
  }
}

/** What the first cell of a row shows, in code or in quotes. */
function shownIn(row: number): readonly string[] {
  const [, cell = ''] = rows?.[row]?.split('|') ?? []
  return Array.from(cell.matchAll(/`([^`]+)`|"([^"]+)"/g), ([, code, quoted]) => code ?? quoted ?? '')
}
