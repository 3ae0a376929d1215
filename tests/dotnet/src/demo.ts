import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

/** As much of a review as the page gets with each event. */
export interface ShownReview {
  readonly id: string
  readonly title: string
  readonly state: string
  readonly reason: string | null
  readonly job?: { readonly jobId: string; readonly creator: string; readonly state: string | null }
}

/** The demo as people start it, with its own Redis for itself, on a Hangfire. */
export interface Demo extends AsyncDisposable {
  readonly repository: string
  /** Does what a button of the page does. */
  act(name: string, input: unknown): Promise<Readonly<Record<string, unknown>>>
  /** The last that the page was told of each review. */
  reviews(): readonly ShownReview[]
  /** How often jobs have begun, by the rows that they inserted. */
  begins(reviewId: string): number
  /** Its charges, likewise. */
  charges(reviewId: string): number
  /** Of an instance at work. */
  pids(): readonly number[]
  read(path: string): Promise<unknown>
  /** Ctrl-C. Resolves to the exit code. */
  interrupt(): Promise<number | null>
}

interface Told extends ShownReview {
  readonly type: string
  readonly event?: string
  readonly effect?: string
  readonly jobType?: string
  readonly jobKey?: string
}

const MAIN = join(import.meta.dirname, '../../../apps/demo/src/main.ts')

export async function startDemo(hangfire: string, options: readonly string[] = []): Promise<Demo> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-demo-'))
  const repository = join(folder, 'shop')
  await makeRepository(repository)
  const child = spawn(
    process.execPath,
    [
      '--conditions=@holdfast/source',
      MAIN,
      '--no-open',
      '--port',
      '0',
      '--repo',
      repository,
      '--out',
      join(folder, 'run'),
      '--pace',
      '100',
      '--hangfire',
      hangfire,
      ...options,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, REDIS_URL: '' } },
  )
  const killed = (): void => void child.kill('SIGKILL')
  process.once('exit', killed)
  let output = ''
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const { promise: address, resolve } = Promise.withResolvers<RegExpExecArray>()
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const found = /(http:\/\/\S+)\/\?token=([\w-]+)\s/.exec(output)
      if (found !== null) resolve(found)
    })
  const failed = ended.then((): never => {
    throw new Error(`The demo ended before it served its page:\n${output}`)
  })
  const [, origin = '', token = ''] = await Promise.race([address, failed])
  failed.catch(() => undefined)
  const entered = await fetch(`${origin}/?token=${token}`, { redirect: 'manual' })
  const cookie = entered.headers.getSetCookie()[0]?.replace(/;.*/, '') ?? ''

  const told: Told[] = []
  let instances: readonly { readonly pid: number | null }[] = []
  const listening = new AbortController()
  const events = await fetch(`${origin}/api/events`, { signal: listening.signal })
  const hearing = hear(events, (data) => {
    const { events: before = [], world, ...event } = data as unknown as Heard
    told.push(...before, event as Told)
    if (world !== undefined) ({ instances } = world)
  }).catch(() => undefined)
  const count = (isIt: (event: Told) => boolean): number => told.filter(isIt).length
  const interrupt = async (): Promise<number | null> => {
    child.kill('SIGINT')
    return await ended
  }
  return {
    repository: basename(repository),
    async act(name, input) {
      const response = await fetch(`${origin}/api/actions/${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-aireview': '1', origin, cookie },
        body: JSON.stringify(input),
      })
      return (await response.json()) as Readonly<Record<string, unknown>>
    },
    reviews: () => [
      ...new Map(told.filter(({ type }) => type === 'review').map((review) => [review.id, review])).values(),
    ],
    begins: (id) =>
      count(
        ({ type, event, jobType, jobKey }) =>
          type === 'row' && event === 'begin' && jobType === 'ai-review' && jobKey === id,
      ),
    charges: (id) =>
      count(({ type, effect, jobKey }) => type === 'effect.saved' && effect === 'charge' && jobKey === id),
    pids: () => instances.flatMap(({ pid }) => pid ?? []),
    read: async (path) => await (await fetch(`${origin}${path}`)).json(),
    interrupt,
    async [Symbol.asyncDispose]() {
      listening.abort()
      await hearing
      await interrupt()
      process.off('exit', killed)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface Heard {
  readonly events?: readonly Told[]
  readonly world?: { readonly instances: readonly { readonly pid: number | null }[] }
}

/** Server-sent events: a snapshot, and everything that follows. */
async function hear(response: Response, tell: (data: object) => void): Promise<void> {
  let rest = ''
  for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1]
      const heard: unknown = data === undefined ? undefined : JSON.parse(data)
      for (const each of Array.isArray(heard) ? (heard as object[]) : [heard])
        if (typeof each === 'object' && each !== null) tell(each)
    }
  }
}

/** A history of five commits, each with something to find. */
async function makeRepository(path: string): Promise<void> {
  const script = `
    set -e
    git init -q "$1" && cd "$1"
    git config user.name Ada && git config user.email ada@example.org
    for n in 1 2 3 4 5; do
      echo "debugger // $n" >> "file-$n.js"
      git add . && git commit -q -m "Change $n"
    done`
  const child = spawn('bash', ['-c', script, 'make', path], { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`git ended with ${code}`)
}
