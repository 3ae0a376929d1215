import {
  chmodSync,
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
import { entriesOf, publishedPackages, type PublishedPackage, ROOT } from './published.ts'
import { mustRun } from './run.ts'

/** The compiler of the workspace; this package has older ones, which stand first in PATH when its tests run by themselves. */
export const COMPILER = join(ROOT, 'node_modules/.bin/tsc')

/** A project that has our packages installed as the registry would give them. */
export interface Stage {
  readonly directory: string
  /** Everything that can be imported. */
  readonly entries: readonly string[]
  /** Where each package was unpacked, by its name. */
  readonly packages: ReadonlyMap<string, string>
  /** Puts a program there, without its types, so that any Node can run it. Answers with its path. */
  add(source: string): string
  remove(): Promise<void>
}

/** Compiles the published packages. */
export async function buildPackages(): Promise<void> {
  await mustRun(COMPILER, ['-b', ...publishedPackages().map(({ folder }) => folder)], { cwd: ROOT })
}

/**
 * Builds, packs and unpacks every published package. What they depend on besides each other is linked from this
 * workspace, so nothing is downloaded, and nothing that the tarballs lack can be found by accident.
 *
 * @param tarballs packed before, by the name of the package; then nothing is built
 */
export async function openStage(tarballs?: ReadonlyMap<string, string>): Promise<Stage> {
  const packages = publishedPackages()
  if (tarballs === undefined) await buildPackages()
  const temporary = temporaryDirectory()
  const directory = temporary.path
  const remove = async (): Promise<void> => await temporary.remove()
  try {
    writeFileSync(join(directory, 'package.json'), '{ "private": true, "type": "module" }\n')
    await Promise.all(
      packages.map(async (each) => {
        const tarball = tarballs?.get(each.manifest.name) ?? (await pack(each, directory))
        await unpack(each, tarball, directory)
      }),
    )
    for (const each of packages) {
      linkForeign(each, directory)
      linkCommands(each, directory)
    }
    link(join(ROOT, 'tests/versions/node_modules/@types/node'), '@types/node', directory)
  } catch (error) {
    await remove()
    throw error
  }
  return {
    directory,
    entries: packages.flatMap(({ manifest }) => entriesOf(manifest)),
    packages: new Map(
      packages.map(({ manifest: { name } }) => [name, join(directory, 'node_modules', name)]),
    ),
    add(source) {
      const target = join(directory, basename(source).replace(/\.ts$/, '.mjs'))
      writeFileSync(target, stripTypeScriptTypes(readFileSync(source, 'utf8')))
      return target
    },
    remove,
  }
}

async function pack({ folder, manifest }: PublishedPackage, directory: string): Promise<string> {
  const tarballs = mkdtempSync(join(directory, 'pack-'))
  await mustRun('pnpm', ['--dir', folder, 'pack', '--pack-destination', tarballs])
  const [tarball] = globSync(join(tarballs, '*.tgz'))
  if (tarball === undefined) throw new Error(`${manifest.name} was not packed`)
  return tarball
}

async function unpack({ manifest }: PublishedPackage, tarball: string, directory: string): Promise<void> {
  const home = join(directory, 'node_modules', manifest.name)
  mkdirSync(home, { recursive: true })
  await mustRun('tar', ['-xzf', tarball, '-C', home, '--strip-components=1'])
  const packed = readFileSync(join(home, 'package.json'), 'utf8')
  const [left] = /"[^"]*": "(workspace|catalog|link|file):[^"]*"/.exec(packed) ?? []
  if (left !== undefined) throw new Error(`${manifest.name} was packed with ${left}`)
}

/** As npm does, which makes them executable. */
function linkCommands({ manifest: { name, bin = {} } }: PublishedPackage, directory: string): void {
  for (const [command, file] of Object.entries(bin)) {
    const program = join(directory, 'node_modules', name, file)
    chmodSync(program, 0o755)
    link(program, `.bin/${command}`, directory)
  }
}

function linkForeign({ folder, manifest }: PublishedPackage, directory: string): void {
  const names = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
  for (const name of names.filter((each) => !each.startsWith('@holdfast/'))) {
    link(join(folder, 'node_modules', name), name, directory)
  }
}

export function link(from: string, name: string, directory: string): void {
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
