import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from '@holdfast/test-support/prometheus'

export interface Verdict {
  readonly code: number
  /** Both of its outputs. */
  readonly output: string
}

/** Runs `promtool …args` in a directory of these files. */
export async function promtool(
  args: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<Verdict> {
  const { path, env } = await findProgram('promtool')
  const cwd = mkdtempSync(join(tmpdir(), 'holdfast-promtool-'))
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text)
    return await new Promise((resolve, reject) => {
      execFile(path, args, { cwd, env: { ...process.env, ...env } }, (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code
        if (typeof code === 'number') resolve({ code, output: `${stdout}${stderr}` })
        else reject(new Error('promtool did not run', { cause: error }))
      })
    })
  } finally {
    rmSync(cwd, { recursive: true, force: true })
  }
}
