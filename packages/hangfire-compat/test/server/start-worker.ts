import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { WorkerNews, WorkerTask } from './worker-process.ts'

export interface RunningWorker extends AsyncDisposable {
  readonly child: ChildProcess
  readonly id: string
  /** All that it has said. */
  readonly said: readonly WorkerNews[]
  kill(): Promise<void>
  stop(): Promise<void>
}

/** Starts a process that serves. */
export async function startWorker(task: WorkerTask): Promise<RunningWorker> {
  const child = fork(join(import.meta.dirname, 'worker-process.ts'), [JSON.stringify(task)], {
    execArgv: ['--conditions=@holdfast/source', '--disable-warning=ExperimentalWarning'],
  })
  const exited = once(child, 'exit')
  const said: WorkerNews[] = []
  child.on('message', (news) => said.push(news as WorkerNews))
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  const [first] = (await Promise.race([once(child, 'message'), exited])) as [WorkerNews]
  if (first?.type !== 'serves') throw new Error(`the worker did not start: ${JSON.stringify(first)}`)
  return {
    child,
    id: first.id,
    said,
    kill,
    async stop() {
      child.send('stop')
      await exited
    },
    [Symbol.asyncDispose]: kill,
  }
}
