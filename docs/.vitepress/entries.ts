import { join } from 'node:path'
import { type Workspace, publishedIn } from '@holdfast/test-support/workspaces'

/** What can be imported: `@holdfast/core/testing` and the source that it is, from the root. */
export interface Entry {
  readonly name: string
  readonly source: string
}

export function entriesIn(root: string): readonly Entry[] {
  return publishedIn(root).flatMap(entriesOf)
}

function entriesOf({ folder, manifest }: Workspace): readonly Entry[] {
  return Object.entries(manifest.exports ?? {}).flatMap(([path, target]) => {
    const source = (target as { readonly '@holdfast/source'?: string })['@holdfast/source']
    return source === undefined ? [] : [{ name: join(manifest.name, path), source: join(folder, source) }]
  })
}
