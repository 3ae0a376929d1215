/** Every example runs as it is shown. Those that need a server find it in REDIS_URL, as they do at a reader's. */
import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)

describe('the documents', () => {
  it.each(globSync('examples/*.ts', { cwd: root }).sort())('%s runs', async (file) => {
    const { stderr } = await run(process.execPath, ['--conditions=@holdfast/source', '--no-warnings', file], {
      cwd: root,
      timeout: 200_000,
    })
    expect(stderr).toBe('')
  })
})
