import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './published.ts'

export interface NodeVersion {
  readonly name: string
  readonly program: string
}

/** The oldest Node that the packages promise to run on, and each line after it. */
export const nodeVersions: readonly NodeVersion[] = [
  { name: 'Node 20.19.0', program: installed('node20') },
  { name: 'Node 22', program: installed('node22') },
  { name: 'Node 24', program: process.execPath },
  { name: 'Node 26', program: installed('node26') },
]

/** Why it cannot be run here, if so: the binaries are packages for one platform. */
export function whyNot({ program }: NodeVersion): string | undefined {
  return existsSync(program) ? undefined : `no binary for ${process.platform}-${process.arch} was installed`
}

function installed(name: string): string {
  return join(ROOT, 'tests/versions/node_modules', name, 'bin/node')
}
