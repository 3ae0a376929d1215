import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { temporaryDirectory } from '@holdfast/test-support/servers'
import { readManifest } from '@holdfast/test-support/workspaces'
import { entriesOf, publishedPackages, type PublishedPackage, ROOT } from './published.ts'
import { mustRun } from './run.ts'

/** The compiler of the workspace; this package has older ones, which stand first in PATH when its tests run by themselves. */
export const COMPILER = join(ROOT, 'node_modules/.bin/tsc')

/** A project that has our packages installed as the registry would give them. */
export interface Stage {
  readonly directory: string
  /** Everything that can be imported. */
  readonly entries: readonly string[]
  /** Puts a program there, without its types, so that any Node can run it. Answers with its path. */
  add(source: string): string
  remove(): Promise<void>
}

/**
 * Builds, packs and unpacks every published package. What they depend on besides each other is linked from this
 * workspace, so nothing is downloaded, and nothing that the tarballs lack can be found by accident.
 */
export async function openStage(): Promise<Stage> {
  const packages = publishedPackages()
  await mustRun(COMPILER, ['-b', ...packages.map(({ folder }) => folder)], { cwd: ROOT })
  const temporary = temporaryDirectory()
  const directory = temporary.path
  const remove = async (): Promise<void> => await temporary.remove()
  try {
    writeFileSync(join(directory, 'package.json'), '{ "private": true, "type": "module" }\n')
    await Promise.all(packages.map(async (each) => await install(each, directory)))
    for (const each of packages) linkForeign(each, directory)
    link(join(ROOT, 'tests/versions/node_modules/@types/node'), '@types/node', directory)
  } catch (error) {
    await remove()
    throw error
  }
  return {
    directory,
    entries: packages.flatMap(({ manifest }) => entriesOf(manifest)),
    add(source) {
      const target = join(directory, basename(source).replace(/\.ts$/, '.mjs'))
      writeFileSync(target, stripTypeScriptTypes(readFileSync(source, 'utf8')))
      return target
    },
    remove,
  }
}

async function install({ folder, manifest }: PublishedPackage, directory: string): Promise<void> {
  const tarballs = mkdtempSync(join(directory, 'pack-'))
  await mustRun('pnpm', ['--dir', folder, 'pack', '--pack-destination', tarballs])
  const [tarball] = globSync(join(tarballs, '*.tgz'))
  if (tarball === undefined) throw new Error(`${manifest.name} was not packed`)
  const home = join(directory, 'node_modules', manifest.name)
  mkdirSync(home, { recursive: true })
  await mustRun('tar', ['-xzf', tarball, '-C', home, '--strip-components=1'])
  for (const [name, range] of Object.entries(readManifest(home).dependencies ?? {})) {
    if (/^(workspace|catalog|link|file):/.test(range))
      throw new Error(`${manifest.name} asks for ${name}@${range}`)
  }
}

function linkForeign({ folder, manifest }: PublishedPackage, directory: string): void {
  const names = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
  for (const name of names.filter((each) => !each.startsWith('@holdfast/'))) {
    link(join(folder, 'node_modules', name), name, directory)
  }
}

function link(from: string, name: string, directory: string): void {
  const target = join(directory, 'node_modules', name)
  mkdirSync(dirname(target), { recursive: true })
  try {
    symlinkSync(realpathSync(from), target)
  } catch (error) {
    // Two packages may share a dependency; an optional peer may not be installed here.
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST' && code !== 'ENOENT') throw error
  }
}
