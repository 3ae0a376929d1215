import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { AppProcess } from './target.ts'

export interface AppCommand {
  /** For this very Node. */
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Runs an app that prints `listening <url>` when it is ready, and closes on SIGTERM. Its other output goes to ours. It
 * is killed with this process.
 */
export async function startAppProcess({ args, env = {} }: AppCommand): Promise<AppProcess> {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const end = (): void => void child.kill('SIGKILL')
  process.once('exit', end)
  void exited.then(() => process.off('exit', end))
  const url = await Promise.race([
    listeningUrl(createInterface({ input: child.stdout })),
    exited.then(([code, signal]) => {
      throw new Error(`the app ended (${code ?? signal}) before it listened`)
    }),
  ])
  const signal = async (name: NodeJS.Signals): Promise<void> => {
    child.kill(name)
    await exited
  }
  return {
    url,
    pid: child.pid ?? 0,
    kill: () => signal('SIGKILL'),
    close: () => signal('SIGTERM'),
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  }
}

async function listeningUrl(lines: AsyncIterable<string>): Promise<string> {
  for await (const line of lines) {
    const url = /^listening (\S+)$/.exec(line)?.[1]
    if (url !== undefined) return url
    console.log(line)
  }
  // The race is decided by the exit.
  return new Promise(() => undefined)
}
