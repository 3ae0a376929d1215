/** What docs/operations/kubernetes.md says of its manifest and of its process. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createHoldfast } from '@holdfast/core'
import { RedisNode } from '@holdfast/test-support/servers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { connect } from '../src/connect.ts'
import { Pod } from '../src/pod.ts'
import { until } from '../src/poll.ts'

const root = resolve(import.meta.dirname, '../../..')
const read = (file: string): string => readFileSync(resolve(root, file), 'utf8')
const LEASE_MS = 30_000

/** The parts of a Deployment that the page speaks of. */
interface Deployment {
  readonly kind: string
  readonly spec: {
    readonly selector: { readonly matchLabels: unknown }
    readonly template: {
      readonly metadata: { readonly labels: unknown }
      readonly spec: {
        readonly terminationGracePeriodSeconds: number
        readonly containers: readonly [Container]
      }
    }
  }
}
interface Container {
  readonly command: readonly string[]
  readonly env: readonly { readonly name: string; readonly value?: string }[]
  readonly livenessProbe: Probe
  readonly readinessProbe: Probe
  readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } }
}
interface Probe {
  readonly httpGet: { readonly path: string }
  readonly timeoutSeconds: number
}

describe('the manifest', () => {
  // A key that stands twice, or a value that is indented wrongly, is an error here.
  const { kind, spec } = parse(read('examples/operations/kubernetes.yaml'), { strict: true }) as Deployment
  const { metadata, spec: pod } = spec.template
  const [container] = pod.containers

  it('is a Deployment that finds its pods', () => {
    expect(kind).toBe('Deployment')
    expect(metadata.labels).toEqual(spec.selector.matchLabels)
  })

  it('gives close() its time before SIGKILL', () => {
    const preStop = container.lifecycle.preStop.exec.command
    expect(preStop[0]).toBe('sleep')
    const graceMs = Number(container.env.find(({ name }) => name === 'GRACE_MS')?.value)
    const rowOf = (what: string): number =>
      Number(new RegExp(`^\\| ${what}[^|]*\\| (\\d+)`, 'm').exec(read('docs/operations/kubernetes.md'))?.[1])
    expect(Number(preStop[1])).toBe(rowOf('`preStop`'))
    expect(graceMs).toBe(rowOf('`graceMs`') * 1_000)
    const needed = rowOf('`preStop`') + rowOf('requests') + rowOf('`graceMs`') + rowOf('margin')
    expect(needed).toBeGreaterThan(0)
    expect(pod.terminationGracePeriodSeconds).toBe(rowOf('`terminationGracePeriodSeconds`'))
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(needed)
  })

  it('restarts no pod for the sake of Redis, and waits longer for health() than that waits for Redis', () => {
    expect(container.livenessProbe.httpGet.path).toBe('/live')
    expect(container.readinessProbe.httpGet.path).toBe('/health')
    expect(container.readinessProbe.timeoutSeconds * 1_000).toBeGreaterThan(2_000)
    // Node gets the signal itself.
    expect(container.command[0]).toBe('node')
  })
})

describe('the process', () => {
  const open = async () => {
    const node = await RedisNode.start()
    onTestFinished(() => node.stop())
    const { storage, [Symbol.asyncDispose]: disconnect } = await connect('ioredis', node.url)
    const observer = createHoldfast({ storage, prefix: 'shop', callTimeoutMs: 60_000 })
    onTestFinished(async () => {
      await observer.close()
      await disconnect()
    })
    const start = (INSTANCE: string, GRACE_MS = '20000') =>
      Pod.start({ INSTANCE, GRACE_MS, REDIS_URL: node.url })
    const status = () => observer.idempotency.getExecutionStatus('export', 'july')
    const next = () => observer.idempotency.begin('export', 'july', { onInProgress: 'reject' })
    return { node, start, status, next }
  }

  it('is alive, but not ready, while Redis does not answer', async () => {
    const { node, start } = await open()
    const pod = await start('pod-1')
    await until(async () => ((await pod.ask('/health')) === 200 ? true : undefined))
    expect(await pod.ask('/live')).toBe(200)
    node.pause()
    expect(await pod.ask('/health')).toBe(503)
    expect(await pod.ask('/live')).toBe(200)
    node.resume()
    await until(async () => ((await pod.ask('/health')) === 200 ? true : undefined))
  })

  it('ends by itself after SIGTERM, and the next one continues its job at once', async () => {
    const { start, status } = await open()
    const first = await start('pod-1')
    expect(await first.ask('/exports/july')).toBe(202)
    await first.says(/page 2 of july/)
    expect(await first.terminate()).toEqual({ code: 0, signal: null })
    const left = await status()
    expect(left).toMatchObject({ released: true, instance: 'pod-1' })

    const second = await start('pod-2')
    await second.ask('/exports/july')
    const [, page] = await second.says(/page (\d+) of july/)
    expect(Number(page)).toBe(left?.checkpoint)
    expect(Number(page)).toBeGreaterThan(2)
    const now = await status()
    expect(now).toMatchObject({ status: 'executing', instance: 'pod-2', attempt: 1 })
    expect(Number(now?.startTime) - Number(left?.startTime)).toBeLessThan(LEASE_MS)
  })

  it('leaves a job to its lease that outlasts graceMs', async () => {
    const { start, status, next } = await open()
    const first = await start('pod-1', '0')
    await first.ask('/exports/july')
    await first.says(/page 1 of july/)
    expect(await first.terminate()).toEqual({ code: 0, signal: null })
    expect(await status()).toMatchObject({ status: 'executing', instance: 'pod-1' })
    expect(await next()).toMatchObject({ status: 'inProgress' })
  })
})
