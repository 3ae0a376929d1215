import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '@holdfast/test-support/servers'
import { Terminal } from '../quick-start/reader.ts'

const root = join(import.meta.dirname, '../../../..')
/** They load the same sources many times. */
const { PATH, NODE_OPTIONS, NODE_COMPILE_CACHE } = process.env

export const HOSTS = ['fastify', 'nest', 'express'] as const
export type HostName = (typeof HOSTS)[number]

/** The bootstrap files of examples/host, compiled as their users compile them, for Nest needs decorators. */
export interface Hosts extends AsyncDisposable {
  readonly directory: string
}

export async function compileHosts(): Promise<Hosts> {
  const cache = join(root, 'examples/.cache')
  mkdirSync(cache, { recursive: true })
  const directory = mkdtempSync(join(cache, 'host-'))
  const files = HOSTS.map((name) => join(root, `examples/host/${name}.ts`))
  const options =
    '--ignoreConfig --target es2024 --module nodenext --noCheck --experimentalDecorators --emitDecoratorMetadata'
  const more = ['--allowImportingTsExtensions', '--rewriteRelativeImportExtensions', '--outDir', directory]
  await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), [...files, ...options.split(' '), ...more], {
    cwd: root,
  })
  return { directory, [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true }) }
}

/** A process of one of them. */
export class Host extends Terminal {
  readonly port: number

  /** Nothing more comes from the process, neither on its outputs. */
  readonly #closed: Promise<unknown>

  private constructor(port: number, ...how: ConstructorParameters<typeof Terminal>) {
    super(...how)
    this.port = port
    this.#closed = once(this.child, 'close')
  }

  static async start(
    { directory }: Hosts,
    name: HostName,
    env: Readonly<Record<string, string>>,
  ): Promise<Host> {
    const port = await freePort()
    const file = join(directory, `${name}.js`)
    const child = spawn(process.execPath, ['--conditions=@holdfast/source', '--no-warnings', file], {
      // Nothing else of this process' own variables, which the check of the environment would read.
      env: { PATH, NODE_OPTIONS, NODE_COMPILE_CACHE, NO_COLOR: '1', PORT: String(port), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    return new Host(port, child)
  }

  async ask(path: string, options?: RequestInit): Promise<number> {
    return (await fetch(`http://127.0.0.1:${this.port}${path}`, options)).status
  }

  /** Resolves with how the process ended, by itself, when all that it said has arrived. */
  async ended(): Promise<{ readonly code: number | null; readonly signal: string | null }> {
    await this.#closed
    return { code: this.child.exitCode, signal: this.child.signalCode }
  }
}
