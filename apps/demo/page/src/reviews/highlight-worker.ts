/** Colours code beside the page, so that a long file does not hold up the picture. */
import { createLowlight } from 'lowlight'
import type { FileView } from './diff-rows.ts'
import { highlightHunks } from './highlight-hunks.ts'
import { GRAMMARS, type Language, type Spans } from './languages.ts'

export interface Request {
  readonly id: number
  readonly language: Language
  readonly hunks: FileView['hunks']
}

export interface Response {
  readonly id: number
  readonly spans: ReadonlyMap<number, Spans>
}

const lowlight = createLowlight()

addEventListener('message', ({ data }: MessageEvent<Request>) => void answer(data))

async function answer({ id, language, hunks }: Request): Promise<void> {
  if (!lowlight.registered(language)) {
    const { default: grammar } = await GRAMMARS[language]()
    lowlight.register(language, grammar)
  }
  const spans = highlightHunks(hunks, (code) => lowlight.highlight(language, code))
  postMessage({ id, spans } satisfies Response)
}
