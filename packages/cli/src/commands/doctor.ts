import type { Diagnostic } from '@holdfast/core'
import type { Feature } from '@holdfast/core/storage'
import { redisStorage } from '@holdfast/redis-protocol'
import { explainCode } from '../codes/index.ts'
import { exitCodes } from '../exit.ts'
import { print, printJson } from '../output/io.ts'
import { bytes, coloured, counted, duration, visible } from '../output/text.ts'
import type { ConnectionOptions } from '../session/options.ts'
import { prefixHint } from '../session/prefixes.ts'
import { type Session, withSession } from '../session/session.ts'

export interface DoctorOptions extends ConnectionOptions {
  /** `near`: copies that a cache keeps in the process. */
  readonly features?: readonly (Feature | 'near')[] | undefined
}

/** `holdfast doctor`: all that `verify()` finds, each with its fix, and whether Redis is ready. */
export async function doctor(options: DoctorOptions): Promise<number> {
  return await withSession(options, async (session) => {
    const report = await examine(session, options.features)
    if (options.json) await printJson('doctor', { ...report })
    else await print(textOf(session, report))
    return report.ready ? exitCodes.fine : exitCodes.findings
  })
}

interface Report {
  readonly ready: boolean
  /** The code of the finding to begin with; null when there is none. */
  readonly firstToMend: string | null
  readonly redis: {
    readonly address: string
    readonly version: string | null
    readonly memory: Memory | null
  }
  readonly client: string
  readonly prefix: string
  /** That no key has the prefix, and which prefixes have; null when there are keys, and where the user may not look. */
  readonly prefixProblem: string | null
  /** Of one command. */
  readonly roundTripMs: number
  readonly findings: readonly (Diagnostic & { readonly means: string | null })[]
}

interface Memory {
  readonly usedBytes: number
  /** 0: no limit. */
  readonly maxBytes: number
}

async function examine(session: Session, asked: DoctorOptions['features']): Promise<Report> {
  const { client, app, prefix, where, library } = session
  const near = asked?.includes('near') ?? false
  const features = asked?.map((each) => (each === 'near' ? 'cache' : each))
  // With scripts, as a service has it.
  const storage = redisStorage(client)
  try {
    const start = performance.now()
    await storage.time().catch(() => undefined)
    const roundTripMs = Math.round((performance.now() - start) * 10) / 10
    const [found, info, prefixProblem] = await Promise.all([
      storage.verify({ app, features, near }),
      client.send(['INFO']).catch(() => undefined),
      problemOfPrefix(session),
    ])
    const findings = [...found].sort((a, b) => rank(a) - rank(b))
    const first = findings.find(({ severity }) => severity === 'error')
    return {
      ready: first === undefined,
      firstToMend: first?.code ?? null,
      redis: { address: where, ...factsIn(typeof info === 'string' ? info : '') },
      client: library,
      prefix,
      prefixProblem,
      roundTripMs,
      findings: findings.map((finding) => ({ ...finding, means: explainCode(finding.code)?.means ?? null })),
    }
  } finally {
    await storage.close()
  }
}

/** A wrong prefix, or an app that has not stored anything yet: so it makes nothing unready. */
async function problemOfPrefix(session: Session): Promise<string | null> {
  // What Redis does not answer here, the findings say.
  const hint = await prefixHint(session, { others: false }).catch(() => undefined)
  return hint?.isMissing ? `${hint.text} Right before the first start of an app.` : null
}

/** What stops work comes first, then what breaks a guarantee. */
function rank({ severity, stopsWork, stopsCache }: Diagnostic): number {
  if (severity === 'warning') return 3
  return stopsWork ? 0 : stopsCache ? 1 : 2
}

function factsIn(info: string): Pick<Report['redis'], 'version' | 'memory'> {
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1]
  const used = field('used_memory')
  const valkey = field('valkey_version')
  const version = valkey === undefined ? (field('redis_version') ?? null) : `${valkey} (Valkey)`
  return {
    version,
    memory:
      used === undefined ? null : { usedBytes: Number(used), maxBytes: Number(field('maxmemory') ?? 0) },
  }
}

function textOf({ where }: Session, report: Report): string {
  const { ready, redis, client, prefix, prefixProblem, roundTripMs, findings } = report
  const { version, memory } = redis
  const head = [
    where,
    version === null ? 'version not shown' : `Redis ${version}`,
    memory === null ? 'memory not shown' : memoryText(memory),
    `answers in ${duration(roundTripMs)}`,
    client,
    `prefix ${visible(prefix)}`,
  ]
  const lines = findings.map(({ code, severity, message, fix }) => {
    const label = severity === 'error' ? coloured('red', 'ERROR  ') : coloured('yellow', 'warning')
    return `${label} ${coloured('bold', code)}\n  ${visible(message)}\n  → ${visible(fix)}`
  })
  const remarks = prefixProblem === null ? [] : [prefixProblem]
  return [head.join(' · '), ...lines, ...remarks, verdict(ready, findings)].join('\n\n')
}

function memoryText({ usedBytes, maxBytes }: Memory): string {
  return maxBytes === 0 ? `${bytes(usedBytes)}, no limit` : `${bytes(usedBytes)} of ${bytes(maxBytes)}`
}

function verdict(ready: boolean, findings: Report['findings']): string {
  const first = findings[0]
  if (!ready && first !== undefined)
    return `${coloured('red', 'not ready')}: first mend ${first.code}. ${visible(first.fix)}`
  const warnings = findings.length === 0 ? '' : `, with ${counted(findings.length, 'warning')}`
  return `${coloured('green', 'ready')}${warnings}`
}
