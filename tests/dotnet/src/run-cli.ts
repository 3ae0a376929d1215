import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const main = new URL('./cli/main.ts', import.meta.resolve('@holdfast/hangfire-compat'))

/** `holdfast-hangfire`, as a user runs it. */
export function runCli(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const command = ['--conditions=@holdfast/source', '--no-warnings', fileURLToPath(main), ...args]
  return new Promise((settle) =>
    execFile(process.execPath, command, (error, out, err) =>
      settle({ code: error === null ? 0 : Number(error.code), out, err }),
    ),
  )
}
