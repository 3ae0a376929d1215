import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Value {
  readonly stringValue?: string
  readonly intValue?: number | string
  readonly doubleValue?: number
  readonly boolValue?: boolean
}
interface Attribute {
  readonly key: string
  readonly value: Value
}

/** A span as OTLP in JSON has it, its attributes as an object. */
export interface ExportedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly events: readonly { readonly name: string }[]
  readonly status: { readonly code?: number }
  readonly ms: number
}

export interface ExportedMetric {
  readonly name: string
  readonly unit: string
  readonly kind: 'sum' | 'gauge' | 'histogram'
  readonly monotonic?: boolean
  readonly points: readonly {
    readonly attributes: Readonly<Record<string, unknown>>
    readonly value: number
    readonly bounds?: readonly number[]
  }[]
}

/** Receives OTLP over HTTP, as a collector does, and decodes it. */
export async function otlpCollector() {
  const spans: ExportedSpan[] = []
  const metrics: ExportedMetric[] = []
  const paths = new Set<string>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as never
      paths.add(request.url ?? '')
      if (request.url === '/v1/traces') spans.push(...spansOf(body))
      else metrics.push(...metricsOf(body))
      response.setHeader('content-type', 'application/json').end('{}')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { url, spans, metrics, paths, close }
}

type RawSpan = Omit<ExportedSpan, 'attributes' | 'links' | 'events' | 'ms'> & {
  readonly attributes?: readonly Attribute[]
  readonly links?: ExportedSpan['links']
  readonly events?: ExportedSpan['events']
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
}

function spansOf(body: { resourceSpans: { scopeSpans: { spans: RawSpan[] }[] }[] }): ExportedSpan[] {
  return body.resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    .map(({ attributes = [], links = [], events = [], startTimeUnixNano, endTimeUnixNano, ...span }) => ({
      ...span,
      attributes: plain(attributes),
      links,
      events,
      ms: Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6,
    }))
}

interface RawPoint {
  readonly attributes?: readonly Attribute[]
  readonly asDouble?: number
  readonly asInt?: number
  readonly count?: number
  readonly explicitBounds?: number[]
}
interface RawMetric {
  readonly name: string
  readonly unit: string
  readonly sum?: { readonly isMonotonic: boolean; readonly dataPoints: RawPoint[] }
  readonly gauge?: { readonly dataPoints: RawPoint[] }
  readonly histogram?: { readonly dataPoints: RawPoint[] }
}

function metricsOf(body: {
  resourceMetrics: { scopeMetrics: { metrics: RawMetric[] }[] }[]
}): ExportedMetric[] {
  return body.resourceMetrics
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    .map(({ name, unit, sum, gauge, histogram }) => ({
      name,
      unit,
      kind: sum !== undefined ? 'sum' : gauge !== undefined ? 'gauge' : 'histogram',
      ...(sum !== undefined && { monotonic: sum.isMonotonic }),
      points: (sum ?? gauge ?? histogram ?? { dataPoints: [] }).dataPoints.map((point) => ({
        attributes: plain(point.attributes ?? []),
        value: Number(point.asDouble ?? point.asInt ?? point.count),
        ...(point.explicitBounds !== undefined && { bounds: point.explicitBounds }),
      })),
    }))
}

function plain(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => {
      const { stringValue, intValue, doubleValue, boolValue } = value
      return [key, stringValue ?? doubleValue ?? boolValue ?? Number(intValue)]
    }),
  )
}
