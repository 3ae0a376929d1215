import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'

const SOURCE = new URL('../src/debian/kept-directory.ts', import.meta.url).href

/** What is in the cache after a process that filled it with this. */
function afterFilling(fill: string): string[] {
  const cache = mkdtempSync(join(tmpdir(), 'holdfast-cache-'))
  onTestFinished(() => rmSync(cache, { recursive: true, force: true }))
  const program = join(cache, 'fill.mjs')
  writeFileSync(
    program,
    `import { mkdirSync } from 'node:fs'
    import { keptDirectory } from ${JSON.stringify(SOURCE)}
    await keptDirectory('tool', async (work) => { mkdirSync(work + '/root'); ${fill} }, ${JSON.stringify(cache)})`,
  )
  spawnSync(process.execPath, [program])
  return readdirSync(cache).filter((name) => name !== 'fill.mjs')
}

it('keeps what was filled, and nothing of a process that ended in the middle', () => {
  expect(afterFilling(`return work + '/root'`)).toEqual(['tool'])
  expect(afterFilling('process.exit(130)')).toEqual([])
})
