import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, realpath, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryDirectory } from '@holdfast/test-support/servers'
import type { InstanceProgram } from '../instances/process-instance.ts'

const SOURCES = resolve(import.meta.dirname, '..')
const MODULES = resolve(SOURCES, '../node_modules')
const KEPT = resolve(SOURCES, '../../../tests/versions/kept')

/** The entry point of an instance of the soak, within the sources of the demo. */
const ENTRY = 'soak/instance/main.ts'

export interface Version {
  readonly name: string
  /** False: it has no adapter of a framework, and its instances are services without one. */
  readonly isPresent: boolean
  readonly program: Omit<InstanceProgram, 'closeMs'>
}

/** The sources as they are here. */
export const PRESENT: Version = {
  name: 'this version',
  isPresent: true,
  program: {
    entry: fileURLToPath(new URL('instance/main.ts', import.meta.url)),
    execArgv: ['--conditions=@holdfast/source'],
  },
}

/**
 * The demo as it is, on the packages of the version before, as these were published: a copy beside them, which `stack` removes.
 * Of the version before, the core and the storages are kept, and no adapter of a framework.
 */
export async function installVersionBefore(stack: AsyncDisposableStack): Promise<Version> {
  const version = (await readdir(KEPT)).toSorted().at(-1)
  if (version === undefined) throw new Error(`No version is kept in ${KEPT}.`)
  const { path, remove } = temporaryDirectory()
  stack.defer(async () => await remove())
  const modules = join(path, 'node_modules')
  await mkdir(modules)
  await promisify(execFile)('tar', ['-xzf', join(KEPT, version, 'packages.tgz'), '-C', modules])
  for (const name of await readdir(MODULES)) {
    if (name !== '@holdfast' && !name.startsWith('.'))
      await symlink(await realpath(join(MODULES, name)), join(modules, name))
  }
  await writeFile(join(path, 'package.json'), '{ "private": true, "type": "module" }\n')
  await cp(SOURCES, join(path, 'src'), { recursive: true })
  return {
    name: `the version before (${version})`,
    isPresent: false,
    program: { entry: join(path, 'src', ENTRY), execArgv: [] },
  }
}
