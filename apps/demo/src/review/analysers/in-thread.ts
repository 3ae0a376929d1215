import { Worker } from 'node:worker_threads'
import type { Analyser, Content, Marked } from './analyser.ts'

export interface Question {
  readonly id: number
  /** Of the analyser. */
  readonly name: string
  readonly contents: readonly Content[]
}

export type Answer =
  | { readonly id: number; readonly remarks: readonly (readonly Marked[])[] }
  | { readonly id: number; readonly error: string }

interface Thread {
  readonly worker: Worker
  readonly waiting: Map<number, PromiseWithResolvers<readonly (readonly Marked[])[]>>
}

let thread: Thread | undefined
let lastId = 0

/**
 * The same analyser, at work in a thread of this process. To parse a program takes as long as it takes, and meanwhile the main
 * thread has leases to renew.
 */
export function inThread(analyser: Analyser): Analyser {
  return {
    ...analyser,
    async analyse(contents, signal) {
      signal.throwIfAborted()
      const { worker, waiting } = (thread ??= start())
      const answer = Promise.withResolvers<readonly (readonly Marked[])[]>()
      const id = ++lastId
      const give = (): void => answer.reject(signal.reason)
      signal.addEventListener('abort', give)
      waiting.set(id, answer)
      // The thread keeps the process alive only while a caller waits for it.
      worker.ref()
      worker.postMessage({ id, name: analyser.name, contents } satisfies Question)
      try {
        return await answer.promise
      } finally {
        signal.removeEventListener('abort', give)
        waiting.delete(id)
        if (waiting.size === 0) worker.unref()
      }
    },
  }
}

function start(): Thread {
  const started: Thread = {
    worker: new Worker(new URL('thread.ts', import.meta.url)),
    waiting: new Map(),
  }
  const { worker, waiting } = started
  worker.on('message', (answer: Answer) => {
    const caller = waiting.get(answer.id)
    if ('error' in answer) caller?.reject(new Error(answer.error))
    else caller?.resolve(answer.remarks)
  })
  const end = (reason: Error): void => {
    if (thread === started) thread = undefined
    for (const { reject } of waiting.values()) reject(reason)
  }
  worker.on('error', end)
  worker.on('exit', (code) => end(new Error(`The thread that analyses has ended with ${code}.`)))
  return started
}
