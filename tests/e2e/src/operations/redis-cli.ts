import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { findRedisServer } from '@holdfast/test-support/redis'
import { temporaryDirectory } from '@holdfast/test-support/servers'

/** A shell for operators. */
export interface Shell extends AsyncDisposable {
  /**
   * Runs commands one after the other, in one process that keeps functions and variables from one to the next; resolves
   * with what each of them says, errors included.
   */
  run(commands: readonly string[]): Promise<readonly string[]>
}

/** Text that no command answers. */
const MARK = '-- end of the answer --'

export interface ShellOptions {
  /** Where it begins. Default: the directory of this process. */
  readonly cwd?: string
  /** More variables. Default: none. */
  readonly env?: Readonly<Record<string, string>>
}

/** A shell in which `redis-cli` talks to the server at this port. */
export async function openShell(port: number, { cwd, env: more }: ShellOptions = {}): Promise<Shell> {
  const { path, env } = await findRedisServer()
  // They are where the server is.
  const program = ['redis-cli', 'valkey-cli']
    .map((name) => join(dirname(path), name))
    .find((each) => existsSync(each))
  if (program === undefined) throw new Error(`There is no redis-cli beside ${path}.`)
  const directory = temporaryDirectory()
  writeFileSync(join(directory.path, 'redis-cli'), `#!/bin/sh\nexec '${program}' -p ${port} "$@"\n`, {
    mode: 0o755,
  })
  const PATH = [directory.path, process.env['PATH']].join(delimiter)
  const options = { cwd, env: { ...process.env, ...env, ...more, PATH }, timeout: 300_000 }
  return {
    async run(commands) {
      const script = ['exec 2>&1', ...commands.map((command) => `${command}\necho '${MARK}'`)].join('\n')
      const said = await new Promise<string>((resolve, reject) => {
        const shell = execFile('sh', [], options, (error, out) =>
          error === null ? resolve(out) : reject(new Error(`${error.message}\n${out}`)),
        )
        shell.stdin?.end(script)
      })
      return said
        .split(`${MARK}\n`)
        .slice(0, -1)
        .map((answer) => answer.trimEnd())
    },
    [Symbol.asyncDispose]: () => directory.remove(),
  }
}
