/** The entry point of an instance that is a separate process. */
import { startOpenTelemetry } from '@holdfast/telemetry/opentelemetry'
import { startPrometheus } from '@holdfast/telemetry/prometheus'
import { Registry } from 'prom-client'
import { type ConnectedStorage, connectStorage } from './connect.ts'
import type { FromInstance, InstanceSettings, OpenedReview, Reports, ToInstance } from './messages.ts'
import { receiveSettings } from './receive-settings.ts'
import { type InstanceRuntime, startRuntime } from './runtime.ts'

// Ctrl-C reaches every process of the terminal; the coordinator ends the instances in order.
process.on('SIGINT', () => undefined)
const settings = await receiveSettings()

function send(message: FromInstance): void {
  // The coordinator may be gone; then `disconnect` below ends us.
  if (process.connected) process.send?.(message, undefined, {}, () => undefined)
}

async function main(): Promise<void> {
  // Before Holdfast is made, as its README says. Without the user's SDK it does nothing.
  const { traceContext } = startOpenTelemetry()
  const register = new Registry()
  register.setDefaultLabels({ instance: settings.name })
  startPrometheus({ register })
  const connected = await connect(settings)
  const answers = new Map<number, () => void>()
  const opening = new Map<number, (opened: OpenedReview) => void>()
  let asked = 0
  const reports: Reports = {
    onOutcome: (outcome) => send({ type: 'outcome', outcome }),
    askBank: () =>
      new Promise((resolve) => {
        answers.set(answers.size, resolve)
        send({ type: 'askBank', id: answers.size - 1 })
      }),
    openReview: (ofJob) =>
      new Promise((resolve) => {
        const id = (asked += 1)
        opening.set(id, resolve)
        send({ type: 'openReview', id, asked: ofJob })
      }),
    onTold: (telling) => send({ type: 'told', telling }),
  }
  const runtime = await startRuntime(settings, connected?.storage, reports, { traceContext })

  process.on('message', (message: ToInstance) => {
    switch (message.type) {
      case 'close':
        return void close(runtime, connected)
      case 'bankAgrees':
        return answers.get(message.id)?.()
      case 'openedReview':
        opening.get(message.id)?.(message.opened)
        return void opening.delete(message.id)
      case 'reviewer':
        return runtime.setReviewer(message.mode)
      case 'measure':
        return void register
          .getMetricsAsJSON()
          .then((metrics) => send({ type: 'measured', id: message.id, metrics }))
      case 'fire':
        return void runtime.fire(message.request).then(() => send({ type: 'settled', id: message.id }))
    }
  })
  process.on('disconnect', () => void close(runtime, connected))
  send({ type: 'ready', port: runtime.port })
}

/** Undefined: the control run has no storage. */
async function connect({
  client,
  redisUrl = '',
  withHoldfast,
}: InstanceSettings): Promise<ConnectedStorage | undefined> {
  if (!withHoldfast) return undefined
  if (client === 'memory') throw new Error('memory storage cannot be shared with another process')
  return await connectStorage(client, redisUrl)
}

let closing: Promise<void> | undefined

function close(runtime: InstanceRuntime, connected: ConnectedStorage | undefined): Promise<void> {
  closing ??= (async () => {
    await runtime.close()
    await connected?.close()
    process.exit(0)
  })()
  return closing
}

main().catch((error: unknown) => {
  send({ type: 'unusable', reason: error instanceof Error ? error.message : String(error) })
  process.exitCode = 1
  if (process.connected) process.disconnect()
})
