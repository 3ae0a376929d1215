import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { type Store, openStore } from '../src/store/store.ts'
import { onTestFinished as atEnd } from 'vitest'
import { type Finish, createRepository } from './repository.ts'

const MAIN = resolve(import.meta.dirname, '../src/main.ts')

/** Where a run keeps its database and logs unless it is given another folder; its name ends with the pid. */
export const RUNS = resolve(import.meta.dirname, '../.cache/runs')

export interface Run {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  /** Both standard streams so far, without what moves the cursor. */
  output(): string
  /** The same with single spaces in place of all line breaks. */
  words(): string
  /** Resolves when the output has a match; rejects when the demo ends without one. */
  until(pattern: RegExp): Promise<void>
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv
  /** The demo takes its output for a terminal of this width. */
  readonly columns?: number
  readonly main?: string
}

export function startDemo(
  args: readonly string[],
  onTestFinished: Finish,
  { env = {}, columns, main = MAIN }: RunOptions = {},
): Run {
  const asTerminal = `data:text/javascript,Object.assign(process.stdout,{isTTY:true,columns:${columns}})`
  const preload = columns === undefined ? [] : ['--import', asTerminal]
  const child = spawn(process.execPath, ['--conditions=@holdfast/source', ...preload, main, ...args], {
    // As npm runs scripts.
    env: { ...process.env, EDITOR: 'vi', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  const text = (): string => stripVTControlCharacters(output)
  return {
    child,
    exited,
    output: text,
    words: () => text().replaceAll(/\s+/g, ' '),
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(text())) resolve()
        }
        child.stdout.on('data', look)
        void exited.then(() => reject(new Error(`The demo ended without ${String(pattern)}:\n${text()}`)))
        look()
      }),
  }
}

/** Two commits with something to find. */
export function reviewable(finish: Finish = atEnd): string {
  const repository = createRepository(finish)
  repository.commit({ 'package.json': '{"type":"module"}\n', 'src/a.js': 'export const a = 1\n' })
  repository.commit({ 'src/a.js': 'export const a = 1\ndebugger\n', 'src/b.py': 'print(1)\n' }, 'Add b')
  return repository.path
}

export interface Result {
  readonly store: Store
  readonly reviewId: string
}

export function openResult(folder: string, onTestFinished: Finish): Result {
  const [database = ''] = readdirSync(folder).filter((name) => name.endsWith('.sqlite'))
  const store = openStore(join(folder, database))
  onTestFinished(() => store.close())
  return { store, reviewId: database.replace(/\.sqlite$/, '') }
}

export function readLogs(folder: string): readonly Record<string, unknown>[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

export function widestLine(text: string): string {
  return text.split(/[\r\n]+/).reduce((widest, line) => (line.length > widest.length ? line : widest), '')
}
