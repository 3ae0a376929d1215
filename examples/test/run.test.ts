/** Every example runs as it is shown. Those that need a server find it in REDIS_URL, as they do at a reader's. */
import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)

const examples = globSync('examples/*.ts', { cwd: root }).sort()

/** Of those that run at once, each has a database. */
const databaseOf = (file: string): string =>
  new URL(`/${examples.indexOf(file) % 16}`, process.env['REDIS_URL']).href

// Most of its time an example waits.
describe.concurrent('the documents', () => {
  it.for(examples)('%s runs', async (file, { expect }) => {
    const { stderr } = await run(process.execPath, ['--conditions=@holdfast/source', '--no-warnings', file], {
      cwd: root,
      timeout: 200_000,
      env: { ...process.env, REDIS_URL: databaseOf(file) },
    })
    expect(stderr).toBe('')
  })
})
