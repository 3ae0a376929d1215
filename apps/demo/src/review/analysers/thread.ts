/** The thread that analyses; see `in-thread.ts`. */
import { parentPort } from 'node:worker_threads'
import { THREADED } from './threaded.ts'
import type { Answer, Question } from './in-thread.ts'

parentPort?.on('message', ({ id, name, contents }: Question) => {
  void answer(id, name, contents).then((message) => parentPort?.postMessage(message))
})

async function answer(id: number, name: string, contents: Question['contents']): Promise<Answer> {
  try {
    const analyser = THREADED.find((each) => each.name === name)
    if (analyser === undefined) throw new Error(`There is no analyser ${name}.`)
    // The one who asks heeds the signal.
    return { id, remarks: await analyser.analyse(contents, new AbortController().signal) }
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) }
  }
}
