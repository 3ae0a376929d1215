import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { expect, it, onTestFinished } from 'vitest'
import { type ExportedSpan, otlpCollector } from './otlp-collector.ts'

type Instance = ChildProcessByStdio<null, Readable, null>

interface Said {
  readonly attempt: number
  readonly traceId: string
  readonly spanId: string
}

it('the span of a takeover links to the span of the attempt before it, of a process that was killed', async () => {
  const collector = await otlpCollector()
  onTestFinished(() => collector.close())
  const prefix = `trace-${randomUUID()}`
  const start = (instance: string): Instance => {
    const script = join(import.meta.dirname, 'takeover-process.ts')
    const args = ['--conditions=@holdfast/source', '--no-warnings', script, instance, collector.url, prefix]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    return child
  }
  const saidBy = async ({ stdout }: Instance): Promise<Said> => {
    const [line] = (await once(createInterface(stdout), 'line')) as [string]
    return JSON.parse(line) as Said
  }

  const one = start('web-1')
  const first = await saidBy(one)
  const two = start('web-2')
  one.kill('SIGKILL')
  const second = await saidBy(two)
  // A process that holds nothing any more exits by itself.
  expect(await once(two, 'exit')).toEqual([0, null])

  const job = collector.spans.find(({ name }) => name === 'job invoice')
  expect([first.attempt, second.attempt]).toEqual([1, 2])
  expect(job).toMatchObject({
    traceId: second.traceId,
    spanId: second.spanId,
    links: [{ traceId: first.traceId, spanId: first.spanId }],
    attributes: {
      'holdfast.job.attempt': 2,
      'holdfast.job.outcome': 'completed',
      'holdfast.job.taken_over_from_instance': 'web-1',
    },
  })
  expect(first.traceId).not.toBe(second.traceId)
  // What the killed process had exported before is found by the link.
  const before = collector.spans.filter(({ traceId }) => traceId === first.traceId)
  expect(before).toMatchObject([{ name: 'draw page 1', parentSpanId: first.spanId }])
  if (process.env['SHOW_TRACE'] !== undefined) console.log(asText(collector.spans, first))
})

/** The traces for people to read: `SHOW_TRACE=1 vitest run --project telemetry takeover`. */
function asText(spans: readonly ExportedSpan[], killed: Said): string {
  const lines: string[] = []
  const show = ({ spanId, name, ms, attributes, links }: ExportedSpan, depth: number): void => {
    const pad = '  '.repeat(depth)
    lines.push(`${pad}${name}  [${spanId}]  ${ms.toFixed(1)} ms`)
    for (const [key, value] of Object.entries(attributes)) lines.push(`${pad}    ${key} = ${String(value)}`)
    for (const link of links) lines.push(`${pad}    link -> trace ${link.traceId}, span ${link.spanId}`)
    for (const child of spans.filter(({ parentSpanId }) => parentSpanId === spanId)) show(child, depth + 1)
  }
  for (const traceId of new Set(spans.map((span) => span.traceId))) {
    lines.push(`trace ${traceId}`)
    const isKilled = traceId === killed.traceId
    if (isKilled) lines.push(`  job invoice  [${killed.spanId}]  never ended: its process was killed`)
    const roots = spans.filter(
      (span) => span.traceId === traceId && (isKilled || span.parentSpanId === undefined),
    )
    for (const root of roots) show(root, isKilled ? 2 : 1)
  }
  return lines.join('\n')
}
