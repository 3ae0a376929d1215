import { InvalidArgumentError } from '@holdfast/core'
import { checkString } from '@holdfast/core/storage'
import { type ConsoleLine, consoleId, encodeConsoleLine } from '../wire/console.ts'
import type { ConsoleOptions, HangfireProgress, JobConsole } from './job.ts'
import type { ServerContext } from './server-context.ts'
import type { TakenJob } from './taken-job.ts'
import { writeConsole } from './write-console.ts'

const INTERVAL_MS = 250
const MOST_WAITING = 1_000
/** So many lines in one command. */
const BATCH = 200
/** As long as Hangfire keeps a job that has not ended. */
const KEPT_S = 2_592_000
/** As long as it keeps one that has. */
const KEPT_ENDED_S = 86_400

/** Writes the console of one run. */
export class ConsoleWriter implements JobConsole {
  readonly #server: ServerContext
  readonly #taken: TakenJob
  readonly #id: string
  readonly #startedAt = performance.now()
  #lines: ConsoleLine[] = []
  /** The last state of each bar that is not written yet. */
  readonly #bars = new Map<string, ConsoleLine>()
  #barCount = 1
  #score = 0
  #isUsed = false
  #isEnding = false
  #writing: Promise<void> | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #writtenAt = -Infinity

  constructor(server: ServerContext, taken: TakenJob) {
    this.#server = server
    this.#taken = taken
    this.#id = consoleId(taken.id, taken.startedAt)
  }

  writeLine(text: string, { color }: ConsoleOptions = {}): void {
    this.#add({
      offsetMs: this.#offsetMs(),
      text: checkString('text', text),
      ...(color === undefined ? {} : { color }),
    })
  }

  progressBar(name?: string, { color }: ConsoleOptions = {}): HangfireProgress {
    this.#barCount += 1
    const id = String(this.#barCount)
    const first = { ...(name === undefined ? {} : { name }), ...(color === undefined ? {} : { color }) }
    this.showBar(id, 0, first)
    return { update: (percent) => this.showBar(id, percent) }
  }

  /** The state of a bar; its name and colour come with the first. */
  showBar(id: string, percent: number, first: Pick<ConsoleLine, 'name' | 'color'> = {}): void {
    if (!(percent >= 0 && percent <= 100))
      throw new InvalidArgumentError(`percent must be a number from 0 to 100; got ${percent}.`)
    const { name, color } = this.#bars.get(id) ?? {}
    const kept = { ...(name === undefined ? {} : { name }), ...(color === undefined ? {} : { color }) }
    const line = { offsetMs: this.#offsetMs(), text: id, percent, ...kept, ...first }
    checkLine(line)
    this.#bars.set(id, line)
    this.#schedule()
  }

  /** Writes what is left, as far as Redis takes it. Never rejects. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#isEnding = true
    await this.#writing
    while (this.#lines.length + this.#bars.size > 0 && (await this.#write()));
  }

  /** The job has ended, and its console goes with it. Never rejects. */
  async expire(): Promise<void> {
    if (!this.#isUsed) return
    const { client, keys } = this.#server.storage
    const expiries = [keys.console(this.#id), keys.consoleTexts(this.#id)].map((key) =>
      client.send(['EXPIRE', key, String(KEPT_ENDED_S)], key),
    )
    await Promise.allSettled(expiries)
  }

  #offsetMs(): number {
    return performance.now() - this.#startedAt
  }

  #add(line: ConsoleLine): void {
    checkLine(line)
    if (this.#lines.length >= MOST_WAITING) this.#lines.shift()
    this.#lines.push(line)
    this.#schedule()
  }

  #schedule(): void {
    this.#isUsed = true
    if (this.#isEnding || this.#timer !== undefined || this.#writing !== undefined) return
    const waitMs = Math.max(0, this.#writtenAt + INTERVAL_MS - performance.now())
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#writing = this.#write().then((written) => {
        this.#writing = undefined
        if (written && this.#lines.length + this.#bars.size > 0) this.#schedule()
      })
    }, waitMs)
  }

  /** False: Redis did not take it. It is kept for the next time. */
  async #write(): Promise<boolean> {
    this.#writtenAt = performance.now()
    const lines = this.#lines.splice(0, BATCH)
    const bars = [...this.#bars.values()]
    this.#bars.clear()
    const all = [...lines, ...bars].toSorted((a, b) => a.offsetMs - b.offsetMs)
    const scored: string[] = []
    const texts: string[] = []
    for (const line of all) {
      const stored = encodeConsoleLine(line, this.#score)
      this.#score = stored.score
      scored.push(String(stored.score), stored.member)
      texts.push(...Object.entries(stored.texts).flat())
    }
    const { storage } = this.#server
    const { keys } = storage
    const { id, owner } = this.#taken
    try {
      await storage.run(
        writeConsole,
        [keys.console(this.#id), keys.jobState(id), keys.consoleTexts(this.#id)],
        [id, owner.serverId, owner.workerId, JSON.stringify(scored), JSON.stringify(texts), String(KEPT_S)],
        String,
      )
      return true
    } catch (error) {
      this.#lines.unshift(...lines)
      for (const bar of bars) if (!this.#bars.has(bar.text)) this.#bars.set(bar.text, bar)
      this.#server.publish({ type: 'troubled', doing: `the console of job ${id}`, error })
      return false
    }
  }
}

/** Throws now what would throw when it is written. */
function checkLine(line: ConsoleLine): void {
  encodeConsoleLine(line, 0)
}
