import { type ChildProcess, execFile } from 'node:child_process'

export interface Outcome {
  readonly code: number | null
  readonly output: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Default: 900,000, which is for what hangs. */
  readonly timeoutMs?: number
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Runs a program to its end; what it prints and how it ends is the answer, never an exception. It ends with us. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { cwd, env, timeoutMs = 900_000 } = options
  return new Promise((resolve) => {
    // npm would leave its compile cache in the directory for temporary files.
    const own = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1', ...env }
    const settings = { cwd, env: own, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 }
    const child = execFile(program, args, settings, (error, stdout, stderr) => {
      running.delete(child)
      const failure = error && child.exitCode === null ? `${error.message}\n` : ''
      resolve({ code: child.exitCode, output: `${failure}${stdout}${stderr}` })
    })
    running.add(child)
    child.stdin?.end()
  })
}

/** For a step without which nothing else makes sense. */
export async function mustRun(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<void> {
  const { code, output } = await run(program, args, options)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${output}`)
}
