import { type Holdfast, type HoldfastOptions, type Storage, createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import type { RedisNode } from '@holdfast/test-support/servers'
import { Redis } from 'ioredis'
import { expect } from 'vitest'
import { type Shell, openShell } from '../operations/redis-cli.ts'
import { until } from '../poll.ts'
import type { CommandLine } from './command-line.ts'
import { type RunbookEntry, shellFunctions } from './runbook-page.ts'

/** Makes the fault of an entry, follows the entry, and sees that it worked. */
export type Play = (stage: Stage) => Promise<void>

interface Login {
  readonly username: string
  readonly password: string
}

interface Connect extends Partial<Login> {
  /** Default: that of the stage's server. */
  readonly port?: number
}

/** Where an entry is played: a server of the app `shop`, and a person who has only the page. */
export interface Stage {
  readonly node: RedisNode
  /** A process of the app. */
  open(instance?: string, options?: Partial<HoldfastOptions>): Holdfast
  /** A storage on its own client, for instance of another user. */
  storage(options?: Connect): Storage
  /** Runs the one line of the entry that has this text; resolves with what it says. */
  run(text: string): Promise<string>
  /** What the command line logs in as from now on. Default: the default user. */
  loginOfOperator: Login | undefined
  /** The server answers nothing until `resume`; ends with the play. */
  freeze(): void
  /** What is to be done when the play is over: the last first. */
  atEnd(end: () => unknown): void
}

/** A server, and the command line for it. */
export interface Place {
  readonly node: RedisNode
  readonly commandLine: CommandLine
}

export class EntryStage implements Stage, AsyncDisposable {
  readonly node: RedisNode
  loginOfOperator: Login | undefined
  readonly #commandLine: CommandLine
  readonly #entry: RunbookEntry
  readonly #shell: Shell
  readonly #run = new Set<string>()
  readonly #ends: (() => unknown)[] = []

  private constructor({ node, commandLine }: Place, entry: RunbookEntry, shell: Shell) {
    this.node = node
    this.#commandLine = commandLine
    this.#entry = entry
    this.#shell = shell
  }

  static async open(place: Place, entry: RunbookEntry): Promise<EntryStage> {
    const shell = await openShell(place.node.port)
    const stage = new EntryStage(place, entry, shell)
    stage.atEnd(() => shell[Symbol.asyncDispose]())
    return stage
  }

  storage(options: Connect = {}): Storage {
    const redis = new Redis({ port: this.node.port, ...options })
    redis.on('error', () => {})
    const storage = ioredisStorage(redis)
    this.atEnd(async () => {
      await storage.close()
      redis.disconnect()
    })
    return storage
  }

  open(instance = 'web-1', options: Partial<HoldfastOptions> = {}): Holdfast {
    const storage = options.storage ?? this.storage()
    const holdfast = createHoldfast({ prefix: 'shop', instance, callTimeoutMs: 60_000, ...options, storage })
    this.atEnd(() => holdfast.close())
    return holdfast
  }

  async run(text: string): Promise<string> {
    const lines = this.#entry.lines.filter((line) => line.includes(text))
    expect(lines, `one line of ${this.#entry.title} has ${text}`).toHaveLength(1)
    const [line = ''] = lines
    this.#run.add(line)
    const [, args] = /^npx @holdfast\/cli (.*)/.exec(line) ?? []
    const said = await this.#shell.run([
      ...shellFunctions,
      args === undefined ? line : `printf '%s\\n' ${args}`,
    ])
    const answer = said.at(-1) ?? ''
    if (args === undefined) return answer
    const { code, text: told } = await this.#commandLine.run(this.#url, answer.split('\n'))
    expect([code, told], line).not.toEqual([2, expect.anything()])
    expect([code, told], line).not.toEqual([70, expect.anything()])
    return told
  }

  get #url(): string {
    const url = new URL(this.node.url)
    return Object.assign(url, this.loginOfOperator).href
  }

  freeze(): void {
    this.node.pause()
    this.atEnd(() => this.node.resume())
  }

  atEnd(end: () => unknown): void {
    this.#ends.unshift(end)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) await end()
  }

  /** The lines of the entry that no play has run. */
  get left(): readonly string[] {
    return this.#entry.lines.filter((line) => !this.#run.has(line))
  }
}

/** Whether something has become true, which may take a moment. */
export async function becomes(condition: () => boolean | Promise<boolean>): Promise<void> {
  await until(async () => (await condition()) || undefined)
}
