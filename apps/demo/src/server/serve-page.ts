import open from 'open'
import { Registry } from 'prom-client'
import type { WorldState } from '../events/snapshot.ts'
import { openWorld } from '../live/open-world.ts'
import { DEFAULTS, type WorldOptions } from '../live/options.ts'
import { providePage } from './build-page.ts'
import type { Configuration } from './configuration.ts'
import { hasDisplay } from './display.ts'
import { createPageServer } from './page-server.ts'
import { listenWhere } from './listen-where.ts'
import { startTelemetry } from './telemetry.ts'
import { createToken } from './token.ts'
import { paragraph, terminalWidth } from '../terminal/text.ts'

/** The tour waits at least so long for what is to come. */
const PATIENCE_MS = 20_000
/** Another instance takes over when a lease is over; on a busy machine the rest takes long, too. */
const PATIENT_LEASES = 6

export interface ServeOptions {
  readonly configuration: Configuration
  /** Aborted when it is to end. */
  readonly signal: AbortSignal
  readonly print: (text: string) => void
  /** What a machine without a display shows as well. */
  readonly showInTerminal: () => Promise<unknown>
}

/** Opens a world and serves it until the signal is aborted; then ends everything, in order. */
export async function servePage({
  configuration,
  signal,
  print,
  showInTerminal,
}: ServeOptions): Promise<void> {
  const { host, port, names, opensBrowser, redisUrl, readingMs, world: options } = configuration
  // Everything that looks for a Redis looks there.
  if (redisUrl !== undefined) process.env['REDIS_URL'] = redisUrl
  await using stack = new AsyncDisposableStack()
  // Before the first Holdfast, which would not be measured else.
  const register = new Registry()
  const telemetry = startTelemetry(register)
  stack.defer(() => telemetry.stop())

  const leaving = new AbortController()
  stack.defer(() => leaving.abort())
  const building = providePage({ print, signal: leaving.signal })
  building.catch(() => undefined)
  const world = await unlessAborted(openWorld({ ...options, print }), signal)
  stack.defer(() => world.close())
  const pageFolder = await unlessAborted(building, signal)
  const token = createToken(configuration.token)
  const server = await createPageServer({
    world,
    token,
    names: [host, ...names],
    pageFolder,
    register,
    tour: {
      patienceMs: Math.max(PATIENCE_MS, PATIENT_LEASES * (options.leaseMs ?? DEFAULTS.leaseMs)),
      readingMs,
    },
  })
  stack.defer(() => server.close())
  const address = `http://${shown(host)}:${await listenWhere(server, host, port)}/`
  const withToken = `${address}?token=${token.text}`
  print(
    `\n${paragraph(instancesOf(world.state(), options.model), terminalWidth())}\n\nOpen this address:\n\n  ${withToken}\n`,
  )
  print(`Who has the token can change something; at ${address} everything can be seen.\nCtrl-C ends it.`)

  const ended = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve())
  })
  if (opensBrowser && hasDisplay()) await openBrowser(withToken)
  else if (opensBrowser) {
    print('\nThere is no display here, so this is the story in the terminal, too:\n')
    await showInTerminal()
    print(`\nThe page is still at ${withToken}\nCtrl-C ends it.`)
  }
  await ended
}

/** What is being started ends with this process. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    work.then(resolve, reject)
    const aborted = (): void => reject(signal.reason as Error)
    if (signal.aborted) aborted()
    else signal.addEventListener('abort', aborted)
  })
}

/** Every address of this machine is also one that its own browser reaches. */
function shown(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

function instancesOf(
  { instances, storage, repository, hangfire }: WorldState,
  model: WorldOptions['model'],
): string {
  const list = instances.map(({ name, client, framework }) => `${name} (${client}, ${framework})`)
  const where =
    storage === 'memory'
      ? 'in the memory of this one process, without Redis'
      : `over ${storage === 'cluster' ? 'a Redis Cluster' : 'Redis'}`
  return `AIReview: ${list.join(', ')}, ${where}; they review ${repository.name}${secondOf(model)}${throughOf(hangfire)}.`
}

function throughOf(hangfire: WorldState['hangfire']): string {
  return hangfire === undefined ? '' : `, by jobs of the Hangfire at ${hangfire.address}`
}

function secondOf(model: WorldOptions['model']): string {
  if (model === undefined) return ''
  return 'stub' in model
    ? ', with a second reviewer that answers from rules and is no model'
    : `, with ${model.model} as the second reviewer`
}

/** It is printed anyhow, so no browser is no fault. */
async function openBrowser(address: string): Promise<void> {
  try {
    const browser = await open(address)
    browser.on('error', () => undefined)
  } catch {
    // There is none.
  }
}
