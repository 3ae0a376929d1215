import { existsSync, globSync, linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Manifest, readManifest } from '@holdfast/test-support/workspaces'
import { type PublishedPackage, publishedPackages } from '../published.ts'
import { mustRun } from '../run.ts'
import { link, type Stage } from '../stage.ts'
import type { ReadmeExample } from './example.ts'

/** What a project has to have: ours as tarballs, those of others as they are installed in this workspace. */
interface Needs {
  readonly ours: ReadonlySet<string>
  /** The package of ours that has it in its node_modules, by its name. */
  readonly others: ReadonlyMap<string, string>
}

/**
 * An empty project with what the README tells to install, what that depends on, and its peers. Nothing else of ours can be
 * found from there, so what a package forgot to declare is missing.
 */
export function linkedProject(
  stage: Stage,
  directory: string,
  one: PublishedPackage,
  example: ReadmeExample,
): void {
  const { ours, others } = needsOf(one, example)
  for (const name of ours) linkFiles(stage.packages.get(name) ?? '', join(directory, 'node_modules', name))
  for (const [name, folder] of others) link(join(folder, 'node_modules', name), name, directory)
}

/** The same, installed by npm: ours from tarballs only, the others from the registry. */
export async function npmProject(
  tarballs: ReadonlyMap<string, string>,
  directory: string,
  one: PublishedPackage,
  example: ReadmeExample,
): Promise<void> {
  const { ours, others } = needsOf(one, example)
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n')
  const versions = [...others].map(
    ([name, folder]) => `${name}@${readManifest(join(folder, 'node_modules', name)).version}`,
  )
  const files = [...ours].map((name) => tarballs.get(name) ?? name)
  await mustRun('npm', ['install', '--no-audit', '--no-fund', ...files, ...versions], { cwd: directory })
  const { packages } = JSON.parse(readFileSync(join(directory, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { readonly resolved?: string }>>
  }
  for (const [path, { resolved = '' }] of Object.entries(packages)) {
    if (path.includes('node_modules/@holdfast/') && !resolved.startsWith('file:'))
      throw new Error(`npm took ${path} from ${resolved}`)
  }
}

function needsOf(one: PublishedPackage, { installs, imports }: ReadmeExample): Needs {
  const packages = new Map(publishedPackages().map((each) => [each.manifest.name, each]))
  const ours = new Set<string>()
  const others = new Map<string, string>()
  const add = (name: string, { folder }: PublishedPackage): void => {
    const own = packages.get(name)
    if (own === undefined) {
      const has = [folder, ...[...packages.values()].map((each) => each.folder)].find((each) =>
        existsSync(join(each, 'node_modules', name)),
      )
      if (has === undefined)
        throw new Error(`no package of this workspace has ${name}, which a README installs`)
      others.set(name, has)
    } else if (!ours.has(name)) {
      ours.add(name)
      for (const needed of neededBy(own.manifest)) add(needed, own)
    }
  }
  for (const name of installs) add(name, one)
  // An app has its framework before it installs ours.
  for (const name of [...imports, ...(PLATFORMS[one.manifest.name] ?? [])])
    if (!name.startsWith('@holdfast/')) add(name, one)
  return { ours, others }
}

/** What Nest loads by itself. */
const PLATFORMS: Readonly<Record<string, readonly string[]>> = {
  '@holdfast/nest': ['@nestjs/core', '@nestjs/platform-express'],
  '@holdfast/redis-protocol': ['ioredis'],
  '@holdfast/hangfire-compat': ['ioredis'],
}

function neededBy({
  dependencies = {},
  peerDependencies = {},
  peerDependenciesMeta = {},
}: Manifest): string[] {
  const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true)
  return [...Object.keys(dependencies), ...peers]
}

/** Not links to folders: Node would look for dependencies beside what they lead to. */
function linkFiles(from: string, to: string): void {
  if (!existsSync(from)) throw new Error(`${from} is not there`)
  for (const entry of globSync('**/*', { cwd: from, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name).slice(from.length)
    mkdirSync(dirname(join(to, path)), { recursive: true })
    linkSync(join(from, path), join(to, path))
  }
}
