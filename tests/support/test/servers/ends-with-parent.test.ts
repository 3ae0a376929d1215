import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { isAlive } from '../is-alive.ts'

it('all servers end, and their directories are removed, when the process that started them is killed', async () => {
  const script = join(import.meta.dirname, 'servers-owner.ts')
  const child = spawn(process.execPath, ['--conditions=@holdfast/source', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { pids, dir } = JSON.parse(line) as { pids: number[]; dir: string }
  expect(pids.every(isAlive)).toBe(true)
  expect(existsSync(dir)).toBe(true)
  child.kill('SIGKILL')
  await expect.poll(() => [pids.some(isAlive), existsSync(dir)]).toEqual([false, false])
  // Not their ports: another process may have got one meanwhile.
})
