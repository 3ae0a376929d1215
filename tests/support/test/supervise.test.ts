import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { SUPERVISE } from '../src/supervised/supervise.ts'

it('ends the server and removes its directory also when the parent ended before it knew of the server', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-supervise-'))
  const supervisor = spawn('/bin/sh', ['-c', SUPERVISE, 'supervise', directory, 'sleep', '600'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const exited = once(supervisor, 'exit')
  for (const stream of [supervisor.stdin, supervisor.stdout, supervisor.stderr]) stream.destroy()
  expect(await exited).toEqual([128 + 9, null]) // as the server ended
  expect(existsSync(directory)).toBe(false)
})
