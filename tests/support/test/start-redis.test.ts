import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startRedis } from '@holdfast/test-support/redis'
import { describe, expect, it } from 'vitest'
import { ask } from './resp.ts'
import { isAlive } from './is-alive.ts'

describe('startRedis', () => {
  it('starts a server that answers, and stops it', async () => {
    const redis = await startRedis()
    expect(await ask(redis, 'PING')).toBe('+PONG\r\n')
    expect(await ask(redis, 'CONFIG GET save')).toBe('*2\r\n$4\r\nsave\r\n$0\r\n\r\n')
    await redis.stop()
    expect(isAlive(redis.pid)).toBe(false)
    await expect(ask(redis, 'PING')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await redis.stop()
  })

  it('gives every caller a separate server', async () => {
    await using one = await startRedis()
    await using other = await startRedis()
    expect(one.port).not.toBe(other.port)
    await ask(one, 'SET key value')
    expect(await ask(other, 'GET key')).toBe('$-1\r\n')
  })

  it('listens on a unix socket too', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
    try {
      await using redis = await startRedis({ socket: join(dir, 'redis.sock'), dir })
      expect(await ask({ path: join(dir, 'redis.sock') }, 'PING')).toBe('+PONG\r\n')
      expect(redis.socket).toBe(join(dir, 'redis.sock'))
    } finally {
      rmSync(dir, { recursive: true })
    }
  })

  it('passes arguments on, and can restart on the same port', async () => {
    const first = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] })
    expect(await ask(first, 'CONFIG GET maxmemory-policy')).toContain('allkeys-lru')
    await first.stop()
    await using second = await startRedis({ port: first.port })
    expect(second.url).toBe(first.url)
    expect(await ask(second, 'CONFIG GET maxmemory-policy')).toContain('noeviction')
  })

  it('stops a server that is frozen', async () => {
    const redis = await startRedis()
    process.kill(redis.pid, 'SIGSTOP')
    await redis.stop()
    expect(isAlive(redis.pid)).toBe(false)
  })

  it('reports when the server ends by itself', async () => {
    const redis = await startRedis()
    process.kill(redis.pid, 'SIGKILL')
    await redis.exited
    await redis.stop()
  })

  it("reports the server's output when it does not start", async () => {
    await expect(startRedis({ args: ['--no-such-option', '1'] })).rejects.toThrow(/no-such-option/)
    await using redis = await startRedis()
    await expect(startRedis({ port: redis.port })).rejects.toThrow(/address already in use/i)
  })

  describe('ends with its parent', () => {
    it.for(['SIGKILL', 'SIGTERM', 'SIGINT', 'return', 'throw', 'process.exit'])('after %s', async (end) => {
      const child = spawn(
        process.execPath,
        ['--conditions=@holdfast/source', join(import.meta.dirname, 'redis-owner.ts'), end],
        { stdio: ['ignore', 'pipe', 'ignore'] },
      )
      const ended = once(child, 'exit')
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
      const { pid, dir } = JSON.parse(line) as { pid: number; dir: string }
      if (end.startsWith('SIG')) child.kill(end as NodeJS.Signals)
      await ended
      await expect.poll(() => [isAlive(pid), existsSync(dir)]).toEqual([false, false])
    })
  })
})
