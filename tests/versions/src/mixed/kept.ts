import { cpSync, mkdirSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory } from '@holdfast/test-support/servers'
import { ROOT } from '../published.ts'
import { mustRun } from '../run.ts'

/**
 * What is kept of earlier versions, a folder each; `npm run keep-version` makes one.
 *
 * - `packages.tgz`: the packages as published, of which only what runs (no sources, maps, types or kits). To remove it, and
 *   keep the data, is all right for a version that no deploy meets any more.
 * - `data.json`: what it stored in Redis: see `data.ts`.
 */
export const KEPT: string = join(ROOT, 'tests/versions/kept')

/** The packages that read and write what is stored. */
export const KEPT_PACKAGES = ['core', 'redis-protocol', 'redis-ioredis', 'redis-node', 'http'] as const

/** The program of a peer, within {@link PEER}. */
const PEER_MAIN = 'main.ts'
const PEER: string = join(import.meta.dirname, 'peer')

export function keptVersions(): string[] {
  return readdirSync(KEPT).toSorted()
}

/** The program of a process of a mixed deploy, beside the packages of one version. */
export interface Installed {
  readonly version: string
  /** Run it with these options of Node. */
  readonly program: string
  readonly execArgv: readonly string[]
  remove(): Promise<void>
}

/** This version, as its sources are. */
export const present: Installed = {
  version: 'this',
  program: join(PEER, PEER_MAIN),
  execArgv: ['--conditions=@holdfast/source'],
  remove: async () => {},
}

/** A kept version, as a deploy has it installed. The clients are those of this workspace. */
export async function installKept(version: string): Promise<Installed> {
  const tarball = join(KEPT, version, 'packages.tgz')
  const { path, remove } = temporaryDirectory()
  try {
    const modules = join(path, 'node_modules')
    mkdirSync(modules)
    await mustRun('tar', ['-xzf', tarball, '-C', modules])
    for (const client of ['ioredis', 'redis']) {
      symlinkSync(realpathSync(join(ROOT, 'tests/versions/node_modules', client)), join(modules, client))
    }
    writeFileSync(join(path, 'package.json'), '{ "private": true, "type": "module" }\n')
    cpSync(PEER, join(path, 'peer'), { recursive: true })
    return {
      version,
      program: join(path, 'peer', PEER_MAIN),
      execArgv: [],
      remove: async () => await remove(),
    }
  } catch (error) {
    await remove()
    throw error
  }
}
