import type { Tell } from '../instances/telling.ts'
import type { LockDesk } from './lock-desk.ts'
import type { News } from './news.ts'
import type { Watching } from './watching.ts'

export interface Hearers {
  readonly news: News
  readonly watching: Watching
  readonly lockDesk: LockDesk
}

/** What becomes of what the instances tell. */
export function hearInstances({ news, watching, lockDesk }: Hearers): Tell {
  return (telling) => {
    switch (telling.kind) {
      case 'event':
        news.emit(telling.event)
        if (telling.event.type === 'attempt.started') watching.follow(telling.event)
        break
      case 'lock':
        lockDesk.touched(telling)
    }
  }
}
