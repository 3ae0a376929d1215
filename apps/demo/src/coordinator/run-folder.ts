import { mkdir, readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'

const RUNS = resolve(import.meta.dirname, '../../.cache/runs')
const KEPT = 10

/** A folder for the database and the logs of one run: the given one, else a new one beside the last few. */
export async function createRunFolder(given?: string): Promise<string> {
  if (given !== undefined) {
    await mkdir(given, { recursive: true })
    return given
  }
  const folder = join(RUNS, `${new Date().toISOString().replaceAll(/[:.]/g, '-')}-${process.pid}`)
  await mkdir(folder, { recursive: true })
  const old = (await readdir(RUNS)).toSorted().slice(0, -KEPT)
  await Promise.all(old.map((name) => rm(join(RUNS, name), { recursive: true, force: true })))
  return folder
}
