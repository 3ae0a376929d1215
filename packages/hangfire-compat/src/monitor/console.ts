import { type ConsoleLine, consoleId, decodeConsoleLine } from '../wire/console.ts'
import { decodeDate } from '../wire/dates.ts'
import { type Fields, optional } from '../wire/fields.ts'
import type { HangfireKeys } from '../wire/keys.ts'
import { decodeHistoryEntry } from '../wire/stored-state.ts'
import type { Reader, Scored } from './reader.ts'
import { type Unreadable, collect } from './unreadable.ts'

/** What one run of a job wrote with Hangfire.Console. */
export interface HangfireConsole {
  /** When the run began, in ms since 1970. */
  readonly startedAt: number
  /** In the order of writing. */
  readonly lines: readonly HangfireConsoleLine[]
  /** In the order of their first appearance. */
  readonly bars: readonly HangfireProgressBar[]
  readonly unreadable: readonly Unreadable[]
}

export interface HangfireConsoleLine {
  readonly at: number
  readonly text: string
  /** `#rrggbb`. */
  readonly color?: string
}

export interface HangfireProgressBar {
  readonly id: string
  readonly name?: string
  /** 0 to 100, the last that was written. */
  readonly percent: number
  readonly color?: string
  readonly at: number
}

/** The consoles of all runs, the last run first. Runs that wrote nothing have none. */
export async function readConsoles(
  reader: Reader,
  keys: HangfireKeys,
  jobId: string,
): Promise<readonly HangfireConsole[]> {
  const lines = await reader.list(keys.jobHistory(jobId), 0, -1, collect())
  const starts = lines.toReversed().flatMap((line) => collect().attempt('', () => startOf(line)) ?? [])
  const consoles = await Promise.all(
    starts.map(async (startedAt) => {
      const found = collect()
      const id = consoleId(jobId, startedAt)
      const key = keys.console(id)
      const [scored, older, refs] = await Promise.all([
        reader.zset(key, 0, -1, found),
        reader.zset(keys.olderConsole(id), 0, -1, found),
        reader.hash(keys.consoleTexts(id), found),
      ])
      const decoded = [...older, ...scored].flatMap((each) => {
        const line = found.attempt(key, () => decodeLine(each, startedAt, refs), each[0])
        return line === undefined ? [] : [line]
      })
      return { startedAt, ...separate(decoded), unreadable: found.unreadable }
    }),
  )
  return consoles.filter(({ lines: texts, bars, unreadable }) =>
    [texts, bars, unreadable].some(({ length }) => length > 0),
  )
}

/** Each run begins with the state Processing. */
function startOf(line: string): readonly number[] {
  const { name, data } = decodeHistoryEntry(line)
  const startedAt = name === 'Processing' ? decodeDate(data.StartedAt ?? '') : undefined
  return startedAt === undefined ? [] : [startedAt]
}

/** A line as it is shown: at an instant. */
type ShownLine = Omit<ConsoleLine, 'offsetMs'> & HangfireConsoleLine

function decodeLine([member, score]: Scored, startedAt: number, texts: Fields): ShownLine {
  const { offsetMs, ...line } = decodeConsoleLine(member, score, texts)
  return { at: startedAt + offsetMs, ...line }
}

/** A line with a percentage is a bar, whose text is its id. Its name and colour come with the first. */
function separate(all: readonly ShownLine[]): Pick<HangfireConsole, 'lines' | 'bars'> {
  const bars = new Map<string, HangfireProgressBar>()
  const lines: HangfireConsoleLine[] = []
  for (const { percent, name, ...line } of all) {
    if (percent === undefined) lines.push(line)
    else {
      const { text: id, ...rest } = line
      bars.set(id, { ...bars.get(id), ...rest, ...optional('name', name), id, percent })
    }
  }
  return { lines, bars: [...bars.values()] }
}
