import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findRedis, RedisNotFoundError } from '@holdfast/test-support/redis'
import { afterEach, describe, expect, it, vi } from 'vitest'

describe('findRedis', () => {
  afterEach(() => vi.unstubAllEnvs())

  it('takes the server that REDIS_URL names', async () => {
    vi.stubEnv('REDIS_URL', 'redis://redis.test:6379')
    expect(await findRedis()).toEqual({ kind: 'running', url: 'redis://redis.test:6379' })
  })

  it.for(['redis-server', 'valkey-server'])('takes %s from PATH', async (program) => {
    const dir = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
    try {
      writeFileSync(join(dir, program), '#!/bin/sh\n')
      chmodSync(join(dir, program), 0o755)
      vi.stubEnv('REDIS_URL', undefined)
      vi.stubEnv('PATH', dir)
      expect(await findRedis()).toEqual({ kind: 'binary', binary: { path: join(dir, program), env: {} } })
    } finally {
      rmSync(dir, { recursive: true })
    }
  })

  it('says what it tried when it finds none', () => {
    const error = new RedisNotFoundError(new Error('spawn apt-get ENOENT'))
    expect(error.code).toBe('HOLDFAST_TESTBED_REDIS_NOT_FOUND')
    expect(error.message).toMatch(/REDIS_URL.*PATH.*spawn apt-get ENOENT.*apt install redis-server/s)
  })
})
