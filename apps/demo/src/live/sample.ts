import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type MadeCommit, makeRepository } from '../review/made-repository.ts'
import { SAMPLE } from './sample-files.ts'

/** Makes the bundled sample, a small shop with faults in its last change, as a git repository in `target`. */
export async function makeSample(target: string): Promise<string> {
  const commits = SAMPLE.map(({ subject, files }): MadeCommit => [
    subject,
    async () => {
      for (const [name, text] of Object.entries(files)) {
        const path = join(target, name)
        await mkdir(dirname(path), { recursive: true })
        await writeFile(path, text)
      }
    },
  ])
  await makeRepository(target, commits)
  return target
}
