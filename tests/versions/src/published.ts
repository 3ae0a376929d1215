import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

export const ROOT: string = resolve(import.meta.dirname, '../../..')

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly exports: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

export interface PublishedPackage {
  readonly folder: string
  readonly manifest: Manifest
}

/** The packages that are published and have something to publish yet. */
export function publishedPackages(): PublishedPackage[] {
  return globSync('packages/*/package.json', { cwd: ROOT })
    .toSorted()
    .map((file) => {
      const folder = join(ROOT, dirname(file))
      return { folder, manifest: readManifest(folder) }
    })
    .filter(({ folder, manifest }) => manifest.private !== true && existsSync(join(folder, 'src/index.ts')))
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}

/** What can be imported of a package, such as `@holdfast/core/testing`; entries that lead to data are left out. */
export function entriesOf({ name, exports }: Manifest): string[] {
  return Object.keys(exports)
    .filter((path) => !path.endsWith('.json'))
    .map((path) => name + path.slice(1))
}
