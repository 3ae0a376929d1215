import { join, resolve } from 'node:path'
import { type Manifest, publishedIn } from '@holdfast/test-support/workspaces'

export const ROOT: string = resolve(import.meta.dirname, '../../..')

export interface PublishedPackage {
  /** Absolute. */
  readonly folder: string
  readonly manifest: Manifest
}

/** The packages that are published and have something to publish yet. */
export function publishedPackages(): PublishedPackage[] {
  return publishedIn(ROOT).map(({ folder, manifest }) => ({ folder: join(ROOT, folder), manifest }))
}

/** What can be imported of a package, such as `@holdfast/core/testing`; entries that lead to data are left out. */
export function entriesOf({ name, exports = {} }: Manifest): string[] {
  return Object.keys(exports)
    .filter((path) => !path.endsWith('.json'))
    .map((path) => name + path.slice(1))
}
