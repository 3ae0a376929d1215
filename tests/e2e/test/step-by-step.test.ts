/** What docs/step-by-step.md shows of its terminals is what happens, in real processes on a real server. */
import { execFile } from 'node:child_process'
import { copyFileSync, globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { RedisNode, temporaryDirectory } from '@holdfast/test-support/servers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { play } from '../src/step-by-step/play.ts'
import { masked, readTranscript } from '../src/step-by-step/transcript.ts'

const root = resolve(import.meta.dirname, '../../..')
const page = readFileSync(join(root, 'docs/step-by-step.md'), 'utf8')
const programs = globSync('examples/step-by-step/*.ts', { cwd: root }).sort()

describe('docs/step-by-step.md', () => {
  it('shows what happens in its terminals', async () => {
    const server = await RedisNode.start()
    onTestFinished(() => server.stop())
    const moments = readTranscript(page)
    const played = await play(moments, server)
    const inOrder = (lines: readonly string[]): string[] =>
      lines.map(masked).toSorted((one, other) => (one[0] ?? '').localeCompare(other[0] ?? ''))
    expect(inOrder(played), `it happened like this:\n${played.join('\n')}`).toEqual(
      inOrder(moments.map(({ line }) => line)),
    )
  })

  it.each(programs)('%s is shown, and is JavaScript', async (program) => {
    expect(page).toContain(`\`\`\`ts ${program}\n`)
    const directory = temporaryDirectory()
    onTestFinished(() => directory.remove())
    const file = join(directory.path, 'program.mjs')
    copyFileSync(join(root, program), file)
    await promisify(execFile)(process.execPath, ['--check', file])
  })
})
