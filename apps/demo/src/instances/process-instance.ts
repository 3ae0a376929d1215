import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { fireByHttp } from './fire-by-http.ts'
import type { Instance } from './instance.ts'
import type { Measures } from './measures.ts'
import type { FromInstance, InstanceSettings, Reports, SettingsMessage, ToInstance } from './messages.ts'

/** What a process of an instance runs. */
export interface InstanceProgram {
  readonly entry: string
  /** The options of Node. */
  readonly execArgv: readonly string[]
  /** How long an instance may take to end in order before it is ended anyway. */
  readonly closeMs: number
}

const PROGRAM: InstanceProgram = {
  entry: fileURLToPath(new URL('instance-process.ts', import.meta.url)),
  execArgv: ['--conditions=@holdfast/source'],
  closeMs: 5_000,
}

/** A scrape does not wait for one that has much else to do. */
const MEASURE_MS = 1_000

/** Starts an instance as a separate process and waits until it can work. */
export async function startProcessInstance(
  settings: InstanceSettings,
  { onOutcome, askBank, openReview, onTold }: Reports,
  { entry, execArgv, closeMs }: InstanceProgram = PROGRAM,
): Promise<Instance> {
  const { name, client } = settings
  // The settings name the Redis of the instance.
  const { REDIS_URL: _, ...env } = process.env
  const child = fork(entry, {
    env,
    execArgv: [...execArgv],
    // Its standard error is ours: what a crash says must be seen.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ready = Promise.withResolvers<number | undefined>()
  const pending = new Map<number, () => void>()
  const measuring = new Map<number, (metrics: Measures) => void>()
  let nextId = 1
  let closing = false
  let frozen = false
  let port: number | undefined
  // One that is frozen does not see that this process is gone.
  const endWithUs = (): void => void child.kill('SIGKILL')
  process.once('exit', endWithUs)

  const gone = new Promise<string | undefined>((resolve) => {
    child.once('exit', (code, signal) => {
      process.off('exit', endWithUs)
      const reason = `${name} ended by itself (${signal ?? `exit code ${code}`})`
      ready.reject(new Error(reason))
      for (const settle of pending.values()) settle()
      pending.clear()
      resolve(closing ? undefined : reason)
    })
  })
  child.on('error', (error) => ready.reject(error))
  child.on('message', (message: FromInstance) => {
    switch (message.type) {
      case 'ready':
        return ready.resolve(message.port)
      case 'unusable':
        return ready.reject(new Error(`${name} (${client}) cannot work: ${message.reason}`))
      case 'outcome':
        return onOutcome(message.outcome)
      case 'told':
        return onTold?.(message.telling)
      case 'measured':
        return measuring.get(message.id)?.(message.metrics)
      case 'askBank':
        return void askBank(name).then(() => send({ type: 'bankAgrees', id: message.id }))
      case 'openReview':
        return void openReview?.(message.asked).then((opened) =>
          send({ type: 'openedReview', id: message.id, opened }),
        )
      case 'settled':
        pending.get(message.id)?.()
        pending.delete(message.id)
    }
  })
  const send = (message: SettingsMessage | ToInstance): void => {
    // An instance that is just ending receives no messages any more; `gone` says so to everyone who waits.
    if (child.connected) child.send(message, () => undefined)
  }

  send({ type: 'settings', settings })
  const instance: Instance = {
    name,
    client,
    pid: child.pid ?? null,
    get port() {
      return port
    },
    gone,
    fire(request) {
      if (!child.connected) return Promise.resolve()
      if (port !== undefined) return fireByHttp(port, request, settings.key)
      return new Promise((resolve) => {
        const id = nextId++
        pending.set(id, resolve)
        send({ type: 'fire', id, request })
      })
    },
    setReviewer: (mode) => send({ type: 'reviewer', mode }),
    async measure() {
      if (frozen || !child.connected) return []
      const id = nextId++
      const measured = Promise.withResolvers<Measures>()
      measuring.set(id, measured.resolve)
      send({ type: 'measure', id })
      const late = setTimeout(() => measured.resolve([]), MEASURE_MS)
      const metrics = await measured.promise
      clearTimeout(late)
      measuring.delete(id)
      return metrics
    },
    kill() {
      closing = true
      child.kill('SIGKILL')
    },
    freeze() {
      frozen = true
      child.kill('SIGSTOP')
    },
    thaw() {
      frozen = false
      child.kill('SIGCONT')
    },
    async close() {
      closing = true
      // It would do nothing until it is woken, and then what it was about to do.
      if (frozen) child.kill('SIGKILL')
      send({ type: 'close' })
      const timer = setTimeout(() => child.kill('SIGKILL'), closeMs)
      await gone
      clearTimeout(timer)
    },
  }
  try {
    port = await ready.promise
    return instance
  } catch (error) {
    await instance.close()
    throw error
  }
}
