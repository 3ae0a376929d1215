import { setImmediate as nextTick } from 'node:timers/promises'
import type { Remark } from '../reviewer.ts'

/** A changed file, as much of it as an analyser may know: the answer depends on nothing else, and is kept by it. */
export interface Content {
  /** The last part of the path: it tells the language, and what the file is for. */
  readonly name: string
  readonly text: string
  /** Before the change, for analysers that compare; undefined: the file is new. */
  readonly before: string | undefined
}

/** A remark on a stretch of lines, such as a function, says where it ends. */
export interface Marked extends Remark {
  readonly lastLine?: number
}

/** Judges files, each by its content alone. */
export interface Analyser {
  /** Of its namespace in the cache. */
  readonly name: string
  /** With another one it begins with an empty cache. */
  readonly version: string
  /** It needs to know what the file was before. */
  readonly compares?: true
  /** By the last part of the path. */
  reads(name: string): boolean
  /** Of each content, in the same order, what there is to say, whether or not the change has touched the line. */
  analyse(contents: readonly Content[], signal: AbortSignal): Promise<readonly (readonly Marked[])[]>
}

/** One content after the other. Gives way to others meanwhile. */
export function oneByOne(analyse: (content: Content) => Marked[] | Promise<Marked[]>): Analyser['analyse'] {
  return async (contents, signal) => {
    const all: Marked[][] = []
    for (const content of contents) {
      signal.throwIfAborted()
      all.push(await analyse(content))
      await nextTick()
    }
    return all
  }
}
