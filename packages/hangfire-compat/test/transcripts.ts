import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One line of MONITOR. */
export interface MonitoredCommand {
  readonly atMs: number
  /** Address and port of the client. */
  readonly client: string
  /** In upper case. */
  readonly name: string
  readonly args: readonly string[]
}

export interface Transcript {
  readonly name: string
  readonly commands: readonly MonitoredCommand[]
}

const folder = join(import.meta.dirname, 'fixtures')

/** What real .NET servers and clients sent to Redis, see fixtures/README.md. */
export const transcripts: readonly Transcript[] = globSync('**/*monitor*.txt', { cwd: folder })
  .toSorted()
  .map((name) => ({
    name,
    commands: readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .flatMap((line) => parseLine(line) ?? []),
  }))

/** A line of MONITOR, or undefined for what is none. */
export function parseLine(line: string): MonitoredCommand | undefined {
  const [, seconds, client = '', rest = ''] = /^(\d+\.\d+) \[\d+ ([^\]]+)\] (.*)$/.exec(line) ?? []
  if (seconds === undefined) return undefined
  const [name = '', ...args] = Array.from(rest.matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, text = '']) =>
    unescape(text),
  )
  return { atMs: Number(seconds) * 1_000, client, name: name.toUpperCase(), args }
}

/** Redis writes bytes that are not printable ASCII as `\xnn`. */
function unescape(text: string): string {
  const bytes = text.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, char: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    return { n: '\n', r: '\r', t: '\t', a: '\u0007', b: '\b' }[char] ?? char
  })
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
