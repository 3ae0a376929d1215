import { ownerOf } from '@holdfast/core/storage'
import { facts, table } from '../../output/table.ts'
import { coloured, count, duration, visible } from '../../output/text.ts'
import type { NamedLock } from './lock-views.ts'

const MOST_WAITERS = 10

export function listText(locks: readonly NamedLock[]): string {
  const rows = locks.map(({ kind, name, holders, waiting }) => {
    const [first] = holders
    const more = holders.length > 1 ? ` and ${holders.length - 1} more` : ''
    return [
      visible(name),
      kind,
      first === undefined ? '' : `${visible(first.owner)}${more}`,
      first === undefined ? '' : duration(first.heldForMs),
      first === undefined ? '' : duration(first.remainingMs),
      count(waiting),
    ]
  })
  return table(['NAME', 'KIND', 'HOLDER', 'HELD FOR', 'LEASE LEFT', 'WAITING'], rows)
}

export function lockText({ kind, name, holders, waiting, queue }: NamedLock): string {
  const head = `${coloured('bold', visible(name))} (${kind}): ${
    holders.length === 0 ? 'no holder' : `held by ${holders.length}`
  }, ${count(waiting)} waiting`
  const held = holders.map((holder) =>
    facts([
      ['holder', visible(holder.owner)],
      ['held for', duration(holder.heldForMs)],
      [
        'lease left',
        `${duration(holder.remainingMs)}${holder.claimed ? '' : ' (handed over, not confirmed yet)'}`,
      ],
      ['token', visible(holder.token)],
      ['fencing token', String(holder.fencingToken)],
    ]),
  )
  const waiters = queue
    .slice(0, MOST_WAITERS)
    .map((token, i) => `  ${i + 1}. ${visible(ownerOf(token))}  ${coloured('dim', visible(token))}`)
  const rest =
    waiting > waiters.length && waiters.length > 0 ? [`  and ${count(waiting - waiters.length)} more`] : []
  return [head, ...held, ...(waiters.length > 0 ? [['waiting', ...waiters, ...rest].join('\n')] : [])].join(
    '\n\n',
  )
}
