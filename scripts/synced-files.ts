/**
 * The files that repeat the list of workspaces, because their tools cannot read it: TypeScript's references, the packages
 * that changesets keep on one version, the scripts that turbo runs in each workspace, and what every published package
 * says of itself: its fields, its licence, and the links of its README and of the changesets.
 *
 * The list itself is pnpm-workspace.yaml and the package.json of each workspace.
 */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type Manifest, type Workspace, workspacesIn } from '@holdfast/test-support/workspaces'
import { withLinksForReaders } from './readme-links.ts'
import { syncedFields } from './publication.ts'

export interface OutdatedFile {
  /** From the root. */
  readonly file: string
  /** What it should say. Its layout is the formatter's. */
  readonly text: string
}

/** Those that do not say what the list says. */
export function outdatedFiles(root: string): readonly OutdatedFile[] {
  const workspaces = workspacesIn(root)
  const exists = (path: string): boolean => existsSync(join(root, path))
  const projectsOf = ({ folder }: Workspace): readonly string[] =>
    [folder, `${folder}/test`].filter((project) => exists(`${project}/tsconfig.json`))

  const wanted = [
    ['tsconfig.json', withReferences(workspaces.flatMap(projectsOf))],
    ['.changeset/config.json', withFixed(workspaces.filter(({ published }) => published).map(nameOf))],
    ...workspaces.flatMap((workspace) => {
      const projects = projectsOf(workspace)
      const manifest = `${workspace.folder}/package.json`
      const references = projects.map(
        (project) =>
          [
            `${project}/tsconfig.json`,
            withReferences(referencesOf(workspace, project, projects, workspaces.filter(hasProject(exists)))),
          ] as const,
      )
      return projects.length === 0
        ? []
        : [
            ...references,
            [manifest, withManifest(workspace, scriptsOf(workspace, projects, exists))] as const,
          ]
    }),
    // Their tests look at the sources of all workspaces, and at all published packages: after a change of any they run again.
    ['scripts/package.json', withDevDependencies(workspaces.map(nameOf))],
    // Those work on the published packages.
    ...['docs', 'tests/versions'].map(
      (folder) =>
        [
          `${folder}/package.json`,
          withDevDependencies(workspaces.filter(({ published }) => published).map(nameOf)),
        ] as const,
    ),
    ...workspaces
      .filter(({ published }) => published)
      .flatMap((workspace) => [
        [`${workspace.folder}/LICENSE`, () => readFileSync(join(root, 'LICENSE'), 'utf8')] as const,
        [
          `${workspace.folder}/README.md`,
          withLinksForReaders(root, `${workspace.folder}/README.md`),
        ] as const,
      ]),
    ...globSync('.changeset/*.md', { cwd: root }).map(
      (file) => [file, withLinksForReaders(root, file)] as const,
    ),
  ] as const

  return wanted.flatMap(([file, change]) => {
    const before = exists(file) ? readFileSync(join(root, file), 'utf8') : ''
    const text = change(before)
    return squeezed(text) === squeezed(before) ? [] : [{ file, text }]
  })
}

/** Text to text. */
type Change = (before: string) => string

/** What a project is compiled against: what its package.json names, and for tests the package that they test. */
function referencesOf(
  { folder, manifest }: Workspace,
  project: string,
  projects: readonly string[],
  all: readonly Workspace[],
): readonly string[] {
  const { dependencies, peerDependencies, devDependencies } = manifest
  const isShipped = project === folder && projects.length > 1
  const names = Object.keys({ ...dependencies, ...peerDependencies, ...(isShipped ? {} : devDependencies) })
  const others = all.filter((each) => names.includes(nameOf(each))).map((each) => each.folder)
  return [...(project === folder ? [] : [folder]), ...others].map((target) => posix.relative(project, target))
}

/** Every workspace answers to the same commands; turbo orders them. */
function scriptsOf(
  { folder, manifest, published }: Workspace,
  projects: readonly string[],
  exists: (path: string) => boolean,
): Readonly<Record<string, string>> {
  const up = posix.relative(folder, '.')
  // A workspace that tests an old TypeScript has its `tsc` in front of ours.
  const hasOwn = Object.values(manifest.dependencies ?? {}).some((range) =>
    range.startsWith('npm:typescript@'),
  )
  const tsc = hasOwn ? `${up}/node_modules/.bin/tsc` : 'tsc'
  return {
    build: `${tsc} -b`,
    typecheck: projects.length > 1 ? `${tsc} -b test` : `${tsc} -b`,
    lint: `oxlint --config ${up}/.oxlintrc.json --type-aware --deny-warnings`,
    ...(exists(`${folder}/test`) ? { test: `vitest run --config ${up}/vitest.config.ts` } : {}),
    ...(published
      ? { package: `node ${up}/scripts/check-package.ts`, prepack: `node ${up}/scripts/prepack.mjs` }
      : {}),
  }
}

function withReferences(folders: readonly string[]): Change {
  const list = folders.map((path) => `\n    { "path": "${path}" }`).join(',')
  const text = `"references": [${list}${list && '\n  '}]`
  return (before) => {
    if (/"references": \[[^\]]*\]/.test(before)) return before.replace(/"references": \[[^\]]*\]/, text)
    return folders.length === 0 ? before : before.replace(/,?\s*\}\s*$/, `,\n  ${text}\n}\n`)
  }
}

function withFixed(names: readonly string[]): Change {
  const list = names.map((name) => `\n      "${name}"`).join(',')
  return (before) => before.replace(/"fixed": \[\s*\[[^\]]*\]\s*\]/, `"fixed": [\n    [${list}\n    ]\n  ]`)
}

/** Leaves other scripts, and a file that has ours already, as they are. */
function withManifest(workspace: Workspace, scripts: Readonly<Record<string, string>>): Change {
  return (before) => {
    const manifest = JSON.parse(before) as Manifest
    const wanted = {
      ...(workspace.published ? syncedFields(workspace) : {}),
      scripts: { ...manifest.scripts, ...scripts },
    }
    const after = { ...manifest, ...wanted }
    return isDeepStrictEqual(after, manifest) ? before : JSON.stringify(after, undefined, 2)
  }
}

/** Leaves a file that names them all, in whatever way, as it is. */
function withDevDependencies(names: readonly string[]): Change {
  return (before) => {
    const manifest = JSON.parse(before) as Manifest
    const missing = names.filter(
      (name) =>
        name !== manifest.name && !(name in { ...manifest.dependencies, ...manifest.devDependencies }),
    )
    if (missing.length === 0) return before
    const all = {
      ...manifest.devDependencies,
      ...Object.fromEntries(missing.map((name) => [name, 'workspace:*'])),
    }
    const sorted = Object.fromEntries(Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    return JSON.stringify({ ...manifest, devDependencies: sorted }, undefined, 2)
  }
}

function hasProject(exists: (path: string) => boolean): (workspace: Workspace) => boolean {
  return ({ folder }) => exists(`${folder}/tsconfig.json`)
}

function nameOf({ manifest }: Workspace): string {
  return manifest.name
}

/** Without what the formatter decides. */
function squeezed(text: string): string {
  return text.replace(/\s+/g, '').replace(/,(?=[}\]])/g, '')
}
