/** The one list of packages. Every tool that needs such a list reads this one, or a file that `npm run sync` made of it. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The part of a package.json that our tools read. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, unknown>>
  readonly bin?: Readonly<Record<string, string>>
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

export interface Workspace {
  /** From the root, such as `packages/core`. */
  readonly folder: string
  readonly manifest: Manifest
  /** Whether it is published to the registry. */
  readonly published: boolean
}

/** Every workspace that pnpm-workspace.yaml names, by folder: the published packages first. */
export function workspacesIn(root: string): readonly Workspace[] {
  const patterns = patternsOf(readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8'))
  const folders = patterns.flatMap((pattern) =>
    globSync(`${pattern}/package.json`, { cwd: root }).map(dirname),
  )
  return folders
    .toSorted()
    .map((folder) => {
      const manifest = readManifest(join(root, folder))
      return { folder, manifest, published: manifest.private !== true }
    })
    .toSorted((a, b) => Number(b.published) - Number(a.published))
}

/** The packages that go to the registry and have something to publish yet. */
export function publishedIn(root: string): readonly Workspace[] {
  return workspacesIn(root).filter(
    ({ folder, published }) => published && existsSync(join(root, folder, 'src')),
  )
}

/** @param folder absolute */
export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}

/** The list under `packages:`, in the form that we write it in: one pattern a line, without quotes. */
function patternsOf(yaml: string): readonly string[] {
  const [, list = ''] = /^packages:\n((?: +- .*\n)+)/m.exec(yaml) ?? []
  return Array.from(list.matchAll(/- (\S+)/g), ([, pattern = '']) => pattern)
}
