/** What a process is given does not stand where others on this machine can read it for as long as it lives. */
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { describe, it } from 'vitest'
import { MODEL_DEFAULTS } from '../../src/model/model-settings.ts'
import { aWorld } from '../live/a-world.ts'

const KEY = 'sk-hush-hush-hush'

describe('an instance', () => {
  it('has no secret in its environment or its arguments, and no program that it starts has', async (context) => {
    const { expect, skip, onTestFinished } = context
    if (!existsSync('/proc/self/environ'))
      return skip('only Linux shows the environment of a process in /proc')
    const before = process.env['REDIS_URL']
    process.env['REDIS_URL'] = 'redis://:secret-of-redis@127.0.0.1:1'
    onTestFinished(() => {
      if (before === undefined) delete process.env['REDIS_URL']
      else process.env['REDIS_URL'] = before
    })
    const model = {
      ...MODEL_DEFAULTS,
      url: 'http://127.0.0.1:1/v1',
      key: KEY,
      model: 'm',
      inputPrice: 1,
      outputPrice: 1,
    }
    const { world } = await aWorld({ onTestFinished }, { instances: 2, model })
    const pids = world.state().instances.map(({ pid }) => pid)
    expect(pids).toEqual([expect.any(Number), expect.any(Number)])
    for (const pid of pids) {
      const told = ['environ', 'cmdline']
        .map((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8'))
        .join('\0')
      expect(told).toContain('PATH=')
      expect(told).toContain('instance-process')
      expect(told).not.toContain(KEY)
      expect(told).not.toContain('secret-of-redis')
      // Its port is there for every page and user of this machine.
      const ports = portsOf(Number(pid))
      expect(ports).toHaveLength(1)
      for (const port of ports) {
        const url = `http://127.0.0.1:${port}/reviews/none/jobs/ai-review`
        expect((await fetch(url, { method: 'POST' })).status).toBe(401)
      }
    }
  })
})

/** On which the process listens. */
function portsOf(pid: number): readonly number[] {
  const sockets = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? []
      return inode === undefined ? [] : [inode]
    } catch {
      // It was closed just now.
      return []
    }
  })
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode = '']) => state === LISTENS && sockets.includes(inode))
    .map(([, address = '']) => Number.parseInt(address.split(':')[1] ?? '', 16))
}

const LISTENS = '0A'
