import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { apt, extractPackages, privateLists } from './apt.ts'

const run = promisify(execFile)

export interface UnpackOptions {
  /** Which of the packages that apt would install are needed. Default: all. */
  readonly isNeeded?: (name: string) => boolean
  /** A program in the unpacked directory that must be able to print its version. */
  readonly program: (root: string) => string
}

/**
 * Unpacks a package of Debian, and the libraries this machine lacks for it, into `work`; returns the directory
 * that is their root.
 *
 * It is never installed: that would need root, and would start a service on the default port. The machine's own
 * package sources are used, so its administrator's settings (mirror, proxy, suite) apply here as well.
 */
export async function unpackPackage(
  work: string,
  name: string,
  { isNeeded = () => true, program }: UnpackOptions,
): Promise<string> {
  const download = async (options: readonly string[] = []): Promise<void> => {
    // Lets apt itself work out which packages are missing here, then downloads exactly those.
    const plan = await apt(work, ['install', '--simulate', '--no-install-recommends', ...options, name])
    const packages = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, each = '']) => each).filter(isNeeded)
    if (packages.length === 0) throw new Error(`apt would install nothing for ${name}`)
    await apt(work, ['download', ...options, ...packages])
  }
  await download().catch(async () => {
    // The machine's package lists are missing or out of date. Private ones need no root.
    await apt(work, ['update', ...privateLists(work)])
    await download(privateLists(work))
  })
  const root = await extractPackages(work)
  await run(program(root), ['--version'], { env: { ...process.env, ...libraryPath(root) } })
  return root
}

/** The environment variables with which a program in this root finds the libraries beside it. */
export function libraryPath(root: string): Readonly<Record<string, string>> {
  // Programs that have a path to it find the second.
  const libraries = globSync('{usr/lib,lib}/*-linux-gnu*{,/pulseaudio}', { cwd: root }).map((library) =>
    join(root, library),
  )
  const inherited = process.env['LD_LIBRARY_PATH']
  return { LD_LIBRARY_PATH: [...libraries, ...(inherited ? [inherited] : [])].join(':') }
}
