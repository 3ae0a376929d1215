import type { ReviewerMode } from '../events/page-event.ts'
import type { InstanceState } from '../events/snapshot.ts'
import { freezeAtRest } from '../instances/freeze-at-rest.ts'
import type { Instance } from '../instances/instance.ts'
import type { FireRequest } from '../instances/messages.ts'
import { inBackground } from './in-background.ts'
import type { Network } from './network.ts'
import type { News } from './news.ts'
import type { OpenCalls } from './open-calls.ts'

/** A place in the fleet: an instance of this name, and the next one of it when that is gone. */
export interface Member {
  readonly name: string
  state(): InstanceState
  /** Rejects when it cannot work. */
  start(): Promise<void>
  /** Undefined: none is up. */
  fire(request: FireRequest): Promise<void> | undefined
  kill(): Promise<void>
  /** @param isAtRest no process is in the middle of a write */
  freeze(isAtRest: () => boolean): Promise<void>
  thaw(): void
  cut(): Promise<void>
  restore(): Promise<void>
  /** Of this instance, and of those that follow it. */
  setReviewer(mode: ReviewerMode): void
  /** The running instance, also one that is frozen. */
  running(): Instance | undefined
  close(): Promise<void>
}

export interface MemberParts extends Pick<InstanceState, 'name' | 'client' | 'framework'> {
  readonly network: Network
  readonly news: News
  readonly openCalls: OpenCalls
  readonly launch: (redisUrl: string) => Promise<Instance>
  /** Null: it stays gone. */
  readonly restartAfterMs: number | null
}

export function createMember(parts: MemberParts): Member {
  const { name, client, framework, network, news, openCalls, launch, restartAfterMs } = parts
  let state: InstanceState['state'] = 'gone'
  let instance: Instance | undefined
  let timer: NodeJS.Timeout | undefined
  let starting: Promise<void> | undefined
  let closed = false
  let reviewer: ReviewerMode = 'normal'
  const say = (type: 'killed' | 'frozen' | 'thawed' | 'cut' | 'restored'): void =>
    news.say('coordinator', { type: `instance.${type}`, instance: name })

  const onGone = (gone: Instance, reason: string | undefined): void => {
    if (instance !== gone) return
    instance = undefined
    state = 'gone'
    if (closed) return
    openCalls.broken(name, `${name} is gone, and with it the connection to it.`)
    if (reason !== undefined) {
      news.say('coordinator', { type: 'instance.exited', instance: name, reason })
      news.log('error', reason)
    }
    restartLater()
  }
  const restartLater = (): void => {
    if (restartAfterMs === null || closed) return
    clearTimeout(timer)
    timer = setTimeout(() => {
      start().catch((error: Error) => {
        news.log('warn', `${name} could not be started again: ${error.message}`)
        restartLater()
      })
    }, restartAfterMs)
  }
  const start = async (): Promise<void> => {
    if (state !== 'gone' || closed) return
    clearTimeout(timer)
    state = 'starting'
    await (starting = launchOne())
  }
  const launchOne = async (): Promise<void> => {
    try {
      const started = await launch(network.url)
      if (closed) return await started.close()
      instance = started
      if (reviewer !== 'normal') started.setReviewer(reviewer)
      state = 'up'
      const leaving = started.gone.then((reason) => onGone(started, reason))
      inBackground(news, `The end of ${name} was not followed`, leaving)
      news.say('coordinator', { type: 'instance.started', instance: name, pid: started.pid })
    } catch (error) {
      state = 'gone'
      throw error
    }
  }

  return {
    name,
    state: () => ({ name, client, framework, state, isCut: network.isCut, pid: instance?.pid ?? null }),
    start,
    fire: (request) => (state === 'up' ? instance?.fire(request) : undefined),
    async kill() {
      const victim = instance
      if (victim === undefined) return
      victim.kill()
      say('killed')
      news.log('warn', `${name} was killed (SIGKILL).`)
      await victim.gone
    },
    async freeze(isAtRest) {
      const victim = instance
      if (victim === undefined || state !== 'up') return
      state = 'frozen'
      await freezeAtRest(victim, isAtRest)
      // It was killed meanwhile.
      if (instance !== victim) return
      say('frozen')
      news.log('warn', `${name} was frozen (SIGSTOP).`)
    },
    thaw() {
      if (state !== 'frozen') return
      // Before it can tell anything by itself.
      say('thawed')
      news.log('info', `${name} was woken up (SIGCONT).`)
      instance?.thaw()
      state = 'up'
    },
    async cut() {
      await network.cut()
      say('cut')
      news.log('warn', `The network of ${name} was cut.`)
    },
    async restore() {
      await network.restore()
      say('restored')
      news.log('info', `The network of ${name} was restored.`)
    },
    setReviewer(mode) {
      reviewer = mode
      instance?.setReviewer(mode)
    },
    running: () => instance,
    async close() {
      closed = true
      clearTimeout(timer)
      // One that is being started ends as soon as it is there; why it could not start was told to who started it.
      await starting?.catch(() => undefined)
      await instance?.close()
      await network.close()
    },
  }
}
