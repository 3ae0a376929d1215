import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type MadeCommit, makeRepository } from '../review/made-repository.ts'
import { sampleFiles } from './sample-files.ts'

/**
 * Makes the bundled sample as a git repository in `target`: a small shop whose last change has faults in several languages. That
 * one is reviewed.
 */
export async function makeSample(target: string): Promise<string> {
  const commit = (subject: string, state: 'before' | 'after'): MadeCommit => [
    subject,
    async () => {
      for (const { path, text } of await sampleFiles(state)) {
        const file = join(target, path)
        await mkdir(dirname(file), { recursive: true })
        await writeFile(file, text)
      }
    },
  ]
  await makeRepository(target, [
    commit('A shop that adds up', 'before'),
    commit('Discounts, and the export of a day', 'after'),
  ])
  return target
}
