import { Listr, type ListrTaskWrapper } from 'listr2'
import type { JobType } from '../jobs/job.ts'
import { clipped, paragraph } from './text.ts'

/** How far a job is, and who does it. */
export interface JobView {
  readonly percent: number
  readonly message: string
  readonly who: string
}

/** The live view of all jobs: one line each. */
export interface Progress {
  update(type: JobType, view: JobView): void
  /** Something worth saying about a job that stays on the screen. */
  note(type: JobType, text: string): void
  end(type: JobType, failure?: string): void
  /** Ends what has not ended, and gives the terminal back. */
  stop(reason: string): Promise<void>
}

/** Lines that redraw themselves in a terminal, plain lines one after the other elsewhere. */
export function startProgress(types: readonly JobType[], width: number): Progress {
  // A terminal without a size (some recorders) cannot be redrawn.
  const live = process.stdout.isTTY && process.stdout.columns > 40
  const lines = new Map(types.map((type) => [type, createLine(type, live, width)]))
  const listr = new Listr(
    [...lines].map(([type, line]) => ({
      title: live ? bar(type, width) : type,
      task: (_context, task) => line.attach(task),
      rendererOptions: { persistentOutput: true, outputBar: Infinity },
    })),
    {
      concurrent: true,
      exitOnError: false,
      // Ctrl-C is the coordinator's.
      registerSignalListeners: false,
      renderer: live ? 'default' : 'simple',
    },
  )
  const rendered = listr.run().catch(() => undefined)
  return {
    update: (type, view) => lines.get(type)?.update(view),
    note: (type, text) => lines.get(type)?.note(text),
    end: (type, failure) => lines.get(type)?.end(failure),
    async stop(reason) {
      for (const line of lines.values()) line.end(reason)
      await rendered
    },
  }
}

type Task = Pick<ListrTaskWrapper<unknown, never, never>, 'title' | 'output'>

interface Line {
  attach(task: Task): Promise<void>
  update(view: JobView): void
  note(text: string): void
  end(failure?: string): void
}

function createLine(type: JobType, live: boolean, width: number): Line {
  const ended = Promise.withResolvers<void>()
  let task: Task | undefined
  let shown = ''
  return {
    attach(attached) {
      task = attached
      return ended.promise
    },
    update(view) {
      const line = bar(type, width, view)
      if (task === undefined || line === shown) return
      shown = line
      if (live) task.title = line
      else task.output = line
    },
    note(text) {
      if (task !== undefined) task.output = paragraph(text, width - MARGIN)
    },
    end(failure) {
      if (failure === undefined) ended.resolve()
      else ended.reject(new Error(failure))
    },
  }
}

const CELLS = 10

/** For what listr2 puts before a line. */
const MARGIN = 4

function bar(type: JobType, width: number, view?: JobView): string {
  const percent = Math.floor(view?.percent ?? 0)
  const full = Math.round((percent * CELLS) / 100)
  const cells = '█'.repeat(full) + '░'.repeat(CELLS - full)
  const what = view === undefined ? '' : `  ${view.who}: ${view.message}`
  return clipped(`${type.padEnd(23)} ${cells} ${String(percent).padStart(3)} %${what}`, width - MARGIN)
}
