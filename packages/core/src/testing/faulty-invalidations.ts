import type { Connection } from '../storage/storage.ts'
import type {
  FollowOptions,
  Following,
  InvalidationFeed,
  InvalidationListener,
} from '../storage/invalidations.ts'

/** The feed over a link that a test breaks: without a connection it is down, and what happens then is never reported. */
export function faultyInvalidations(
  link: Connection,
  feed: InvalidationFeed | undefined,
): InvalidationFeed | undefined {
  return (
    feed && {
      follow(prefix: string, options: FollowOptions, listener: InvalidationListener): Following {
        let isUp = false
        let following: Following | undefined
        const heard: InvalidationListener = {
          up(at) {
            isUp = true
            listener.up(at)
          },
          down() {
            isUp = false
            listener.down()
          },
          proven: (at) => listener.proven(at),
          invalidated: (keys) => listener.invalidated(keys),
          everything: () => listener.everything(),
          ignored: () => listener.ignored(),
          refused: (reason) => listener.refused(reason),
        }
        const begin = (): void => void (following = feed.follow(prefix, options, heard))
        const unlisten = link.onChange((state) => {
          following?.stop()
          following = undefined
          if (isUp) heard.down()
          if (state === 'ready') begin()
        })
        if (link.state === 'ready') begin()
        return {
          stop() {
            unlisten()
            following?.stop()
          },
        }
      },
    }
  )
}
