import type { ReviewerMode } from '../events/page-event.ts'
import type { ActTable } from './acts.ts'
import type { Member } from './member.ts'
import { type Scene, refuse } from './scene.ts'

type InstanceActs = Pick<ActTable, 'kill' | 'freeze' | 'thaw' | 'cut' | 'restore' | 'start' | 'reviewer'>

const MODES: readonly ReviewerMode[] = ['normal', 'slow', 'failing']

/** What is done to instances. */
export function instanceActs({ members, store, news }: Scene): {
  readonly acts: InstanceActs
  reviewerMode(): ReviewerMode
} {
  let mode: ReviewerMode = 'normal'
  const named = (name: string): Member =>
    members.find((member) => member.name === name) ??
    refuse(`There is no ${name}. There are ${members.map((member) => member.name).join(', ')}.`)
  const alive = (name: string): Member => {
    const member = named(name)
    if (member.state().state === 'starting') refuse(`${name} is starting. Wait until it is up.`)
    if (member.running() === undefined) refuse(`${name} is gone. Start it first.`)
    return member
  }
  return {
    reviewerMode: () => mode,
    acts: {
      async kill({ instance }) {
        await alive(instance).kill()
        return `${instance} was killed.`
      },
      async freeze({ instance }) {
        const member = alive(instance)
        if (member.state().state === 'frozen') refuse(`${instance} is frozen already. Thaw it.`)
        await member.freeze(store.isAtRest)
        return `${instance} is frozen.`
      },
      thaw({ instance }) {
        const member = alive(instance)
        if (member.state().state !== 'frozen') refuse(`${instance} is not frozen.`)
        member.thaw()
        return `${instance} is awake.`
      },
      async cut({ instance }) {
        const member = named(instance)
        if (member.state().isCut) refuse(`${instance} has no network already. Restore it.`)
        await member.cut()
        return `${instance} has no network.`
      },
      async restore({ instance }) {
        const member = named(instance)
        if (!member.state().isCut) refuse(`${instance} has its network.`)
        await member.restore()
        return `${instance} has its network again.`
      },
      async start({ instance }) {
        const member = named(instance)
        const { state, isCut } = member.state()
        if (state !== 'gone') refuse(`${instance} is there: only one that is gone is started.`)
        if (isCut) refuse(`${instance} would not reach Redis. Restore its network first.`)
        await member.start()
        return `${instance} is started.`
      },
      reviewer(input) {
        if (!MODES.includes(input.mode)) refuse(`The reviewer can be ${MODES.join(', ')}.`)
        if (input.mode === mode) return `The reviewer is ${mode} already.`
        mode = input.mode
        for (const member of members) member.setReviewer(mode)
        news.say('coordinator', { type: 'reviewer', mode })
        news.log('info', `The reviewer is ${mode} from now on.`)
        return `The reviewer is ${mode} on all instances.`
      },
    },
  }
}
