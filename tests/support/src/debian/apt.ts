import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Runs apt-get with `work` as its current directory. Needs no root as long as `args` change nothing else. */
export async function apt(work: string, args: readonly string[]): Promise<string> {
  await mkdir(join(work, 'lists', 'partial'), { recursive: true })
  await mkdir(join(work, 'cache', 'archives', 'partial'), { recursive: true })
  // apt run by root drops to a user who may not write into `work`.
  const sandbox = ['-o', 'APT::Sandbox::User=root']
  const { stdout } = await run('apt-get', [...sandbox, ...args], {
    cwd: work,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
    timeout: 300_000,
    maxBuffer: 16 * 1024 * 1024,
  })
  return stdout
}

/** Options that keep package lists and archives in `work`, separate from those of the machine. */
export function privateLists(work: string): string[] {
  return ['-o', `Dir::State::Lists=${join(work, 'lists')}`, '-o', `Dir::Cache=${join(work, 'cache')}`]
}

/** Unpacks all packages in `work`, and returns the directory that is their root. */
export async function extractPackages(work: string): Promise<string> {
  const root = join(work, 'root')
  for (const archive of globSync('*.deb', { cwd: work })) {
    await run('dpkg-deb', ['--extract', join(work, archive), root])
  }
  return root
}
