/** `npm run bench -- [name] [options of that bench]`: one bench, or all of them one after the other. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const benches = ['idempotency', 'locks', 'fastify']
const [, , name, ...options] = process.argv
const chosen = name === undefined ? benches : [name]

for (const bench of chosen) {
  if (!benches.includes(bench))
    throw new Error(`There is no bench ${bench}; there are ${benches.join(', ')}.`)
  const script = join(import.meta.dirname, `${bench}.ts`)
  const args = ['--conditions=@holdfast/source', '--no-warnings', script, ...options]
  const [code] = (await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit')) as [number]
  if (code !== 0) process.exitCode = 1
}
