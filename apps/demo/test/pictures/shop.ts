import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeRepository } from '../../src/review/made-repository.ts'
import { type SampleFile, sampleFiles } from '../../src/sample/sample-files.ts'

/** Of which files of the sample each change is, by how their paths begin. */
const CHANGES = [
  ['Rates of discounts', 'db/'],
  ['Deploy the export', 'deploy/'],
  ['Install from a script', 'scripts/'],
  ['Invoices of a day', 'src/Orders/'],
  ['Discounts at checkout', 'src/'],
  ['Export a day as a table', 'tools/'],
] as const

/** The shop of the sample, with a history of small changes. */
export async function makeShop(target: string): Promise<string> {
  const write = async (files: readonly SampleFile[]): Promise<void> => {
    for (const { path, text } of files) {
      const file = join(target, path)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, text)
    }
  }
  const [before, after] = [await sampleFiles('before'), await sampleFiles('after')]
  const changeOf = (path: string) => CHANGES.find(([, prefix]) => path.startsWith(prefix))
  await makeRepository(target, [
    ['A shop that adds up', async () => await write(before)],
    ...CHANGES.map(
      (change) =>
        [change[0], async () => await write(after.filter(({ path }) => changeOf(path) === change))] as const,
    ),
  ])
  return target
}
