import { describe, expect as check, it } from 'vitest'
import { readConsoles } from '../../src/monitor/console.ts'
import { handle } from '../../src/server/handle.ts'
import { consoleId, decodeConsoleLine, encodeConsoleLine } from '../../src/wire/console.ts'
import { clients } from '../locks/node-peer.ts'
import { gate } from './gate.ts'
import { echo, openStage } from './open-server.ts'

describe('the codec of the console', () => {
  it.for([
    { offsetMs: 1_234, text: 'hello' },
    { offsetMs: 0, text: 'ü'.repeat(300), color: '#ff0000' },
    { offsetMs: 10, text: '1', percent: 12.3, name: 'copying', color: '#00ff00' },
  ])('reads what it wrote: %o', (line) => {
    const { member, score, texts } = encodeConsoleLine(line, -1)
    check(decodeConsoleLine(member, score, texts)).toEqual(line)
    check(score).toBe(line.offsetMs / 1_000)
    if (line.text.length > 256) check(JSON.parse(member)).toMatchObject({ r: true })
  })

  it('keeps the order of lines of one instant, and mirrors the first bar', () => {
    const first = encodeConsoleLine({ offsetMs: 5, text: 'a' }, 0)
    const second = encodeConsoleLine({ offsetMs: 5, text: 'b' }, first.score)
    check([first.score, second.score]).toEqual([0.005, 0.0051])
    check(encodeConsoleLine({ offsetMs: 5, text: '1', percent: 33.333 }, 0).texts).toEqual({
      progress: '33.3',
    })
    check(() => encodeConsoleLine({ offsetMs: 0, text: '', color: 'red' }, 0)).toThrow(
      /color must be #rrggbb/,
    )
  })
})

describe.concurrent.for(clients)('a run over %s', (client) => {
  it('refuses a percentage that is none where it is reported, and nowhere else', async ({ expect }) => {
    await using stage = await openStage(client)
    const refused: unknown[] = []
    await stage.serve([
      handle(echo, {}, async (_args, job) => {
        for (const wrong of [NaN, 5n, Symbol('half'), '50', undefined])
          await job.updateProgress(wrong as never, 'half').catch((error: unknown) => refused.push(error))
      }),
    ])
    const id = await stage.enqueue('odd')
    await expect.poll(async () => (await stage.job(id)).state).toBe('Succeeded')
    expect(refused).toEqual(Array(5).fill(expect.objectContaining({ code: 'INVALID_ARGUMENT' })))
    expect(await readConsoles(stage.context.reader, stage.context.keys, id)).toEqual([])
  })

  it('shows its progress to both sides, and its lines in the console', async ({ expect }) => {
    await using stage = await openStage(client)
    const shown = gate()
    await stage.serve([
      handle(echo, {}, async ([text], job) => {
        job.console.writeLine('begins', { color: '#00ff00' })
        const bar = job.console.progressBar('files')
        bar.update(50)
        await job.updateProgress(40, 'reading')
        expect(() => job.console.writeLine('x', { color: 'red' })).toThrow(/INVALID|color/)
        await shown.opened
        job.console.writeLine(text.repeat(100))
        await job.updateProgress(90, 'writing')
      }),
    ])
    const id = await stage.enqueue('long ')
    const consoles = () => readConsoles(stage.context.reader, stage.context.keys, id)
    await expect.poll(async () => (await consoles())[0]?.bars.length).toBe(2)
    const [during] = await consoles()
    expect(during?.lines.map(({ text }) => text)).toEqual(['begins', 'reading'])
    expect(during?.lines[0]?.color).toBe('#00ff00')
    const running = await stage.holdfast.idempotency.list('Acme.Contracts.INodeJobs.Echo')
    expect(running.executions[0]).toMatchObject({ progressPercentage: 40, progressMessage: 'reading' })
    shown.open()
    await expect.poll(async () => (await stage.job(id)).state).toBe('Succeeded')
    const [after] = await consoles()
    expect(after?.lines.map(({ text }) => text)).toEqual([
      'begins',
      'reading',
      'long '.repeat(100),
      'writing',
    ])
    expect(after?.bars).toEqual([
      expect.objectContaining({ id: '2', name: 'files', percent: 50 }),
      expect.objectContaining({ id: '1', percent: 90 }),
    ])
    expect(after?.unreadable).toEqual([])
    const { details, history } = await stage.job(id)
    expect(details?.name).toBe('Succeeded')
    const startedAt = Number(history.find(({ name }) => name === 'Processing')?.data.StartedAt)
    const key = stage.key(`console:${consoleId(id, startedAt)}`)
    await expect.poll(async () => await stage.redis.ttl(key)).toBeLessThanOrEqual(86_400)
    expect(await stage.redis.hgetall(stage.key(`console:refs:${consoleId(id, startedAt)}`))).toMatchObject({
      jobId: id,
      progress: '90',
    })
  })
})
