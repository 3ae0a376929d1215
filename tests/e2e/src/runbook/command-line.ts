import { spawn } from 'node:child_process'
import { join } from 'node:path'

export interface Said {
  readonly code: number
  /** Both of its outputs. */
  readonly text: string
}

/** `npx @holdfast/cli`, in a process that is started once: that takes longer than all runs. Runs wait for each other. */
export interface CommandLine {
  run(url: string, args: readonly string[]): Promise<Said>
  stop(): void
}

export function startCommandLine(): CommandLine {
  const worker = join(import.meta.dirname, 'cli-worker.ts')
  const node = [process.execPath, '--conditions=@holdfast/source', '--no-warnings', worker]
  const { REDIS_URL: _, ...env } = process.env
  // Both outputs in the order in which they are written.
  const child = spawn('sh', ['-c', 'exec "$0" "$@" 2>&1', ...node], {
    env: { ...env, HOLDFAST_PREFIX: 'shop' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let printed = ''
  let over: ((said: Said) => void) | undefined
  const ended = new Promise<never>((_, reject) => {
    child.on('close', () => reject(new Error(`The command line has ended.\n${printed}`)))
  })
  // It is no fault unless a run waits for it.
  ended.catch(() => {})
  child.stdin.on('error', () => {})
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    printed += chunk
    const [end, code, err = ''] = /\n-- exit (\d+) (".*")\n/.exec(printed) ?? []
    if (end === undefined) return
    const text = printed.slice(0, printed.indexOf(end)) + (JSON.parse(err) as string)
    printed = ''
    over?.({ code: Number(code), text })
  })
  let before: Promise<unknown> = Promise.resolve()
  return {
    run(url, args) {
      const run = before.then(async () => {
        const said = new Promise<Said>((resolve) => {
          over = resolve
        })
        child.stdin.write(`${JSON.stringify([url, ...args])}\n`)
        return await Promise.race([said, ended])
      })
      before = run.catch(() => {})
      return run
    },
    stop: () => void child.kill(),
  }
}
