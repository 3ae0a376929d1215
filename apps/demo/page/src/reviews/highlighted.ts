import { useEffect, useState } from 'preact/hooks'
import type { FileView } from './diff-rows.ts'
import type { Request, Response } from './highlight-worker.ts'
import { type Spans, languageOf } from './languages.ts'

export type { Spans } from './languages.ts'

const NONE: ReadonlyMap<number, Spans> = new Map()

/** Made when the first file is shown: who looks at no diff loads no grammar. */
let worker: Worker | undefined
let lastId = 0

/** The colours of a file's lines, by their index in its diff. Until they are there, and without a grammar, the lines are plain. */
export function useHighlighted(file: FileView): ReadonlyMap<number, Spans> {
  const [done, setDone] = useState<{ readonly file: FileView; readonly spans: ReadonlyMap<number, Spans> }>()
  useEffect(() => {
    const language = languageOf(file.path)
    if (language === undefined) return
    worker ??= new Worker(new URL('./highlight-worker.ts', import.meta.url), { type: 'module' })
    lastId += 1
    const id = lastId
    const asked = worker
    const hear = ({ data }: MessageEvent<Response>): void => {
      if (data.id === id) setDone({ file, spans: data.spans })
    }
    asked.addEventListener('message', hear)
    asked.postMessage({ id, language, hunks: file.hunks } satisfies Request)
    return () => asked.removeEventListener('message', hear)
  }, [file])
  return done?.file === file ? done.spans : NONE
}
