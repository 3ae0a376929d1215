import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { RedisNode } from '@holdfast/test-support/servers'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import type { ExitTask } from '../../src/cache/exit-worker.ts'
import { PATIENT } from '../../src/cache/patient.ts'

const node = await RedisNode.start()
afterAll(async () => await node.stop())

const clients = ['ioredis 6', 'redis 6'] as const

it.each(clients.flatMap((client) => [false, true].map((isOut) => ({ client, isOut }))))(
  'a process that has closed its cache and its client ends, whatever was under way: %o',
  PATIENT,
  async ({ client, isOut }) => {
    await node.ask('FLUSHALL')
    const task: ExitTask = { client, url: node.url, isOut }
    const child = fork(join(import.meta.dirname, '../../src/cache/exit-worker.ts'), [JSON.stringify(task)], {
      execArgv: ['--conditions=@holdfast/source', '--no-warnings'],
      silent: true,
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    let said = ''
    child.stdout?.on('data', (data: Buffer) => (said += String(data)))
    child.stderr?.on('data', (data: Buffer) => (said += String(data)))
    const ended = once(child, 'close')
    if (isOut) {
      await once(child, 'message')
      node.pause()
      onTestFinished(() => node.resume())
      child.send('go')
    }
    const [code] = (await ended) as [number]
    expect([code, said]).toEqual([0, 'closed\n'])
  },
)
