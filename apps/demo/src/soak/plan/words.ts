import type { Kind } from './plan.ts'

/** What happens, as the progress says it. */
export function inWords(kind: Kind, instance = ''): string {
  switch (kind) {
    case 'kill':
      return `${instance} is killed`
    case 'crash':
      return `${instance} is to crash after a charge`
    case 'freeze':
      return `${instance} is frozen`
    case 'cut':
      return `the network of ${instance} is cut`
    case 'silence':
      return `the network of ${instance} is silent`
    case 'restart':
      return 'Redis is killed and started again'
    case 'lossy-failover':
      return 'Redis fails over and loses writes'
    case 'failover':
      return 'Redis fails over'
    case 'demotion':
      return 'the primary of Redis becomes the replica'
    case 'deploy':
      return 'a deploy begins'
  }
}
