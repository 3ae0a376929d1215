import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * The bodies around a call that hold something while they run: a lease, an execution, a load. A call that waits for what
 * one of them holds waits for itself.
 *
 * What a body leaves running behind it (a timer, a call that is not awaited) stays in its chain, so a worker that begins
 * its next turn from within the one before would drag all of them along. A link that has ended therefore holds nothing,
 * and every later call on the chain cuts it out: a chain is as long as the bodies that still run, and one.
 */
export interface CallChain {
  /** Undefined: the body has ended. */
  held: object | undefined
  outer: CallChain | undefined
}

type Kind<H extends object> = abstract new (...args: never[]) => H

const chains = new AsyncLocalStorage<CallChain>()

/** Runs the body inside the chain, with what it holds, until its promise settles. */
export async function enter<T, Args extends unknown[]>(
  held: object,
  body: (...args: Args) => T | PromiseLike<T>,
  ...args: Args
): Promise<T> {
  const link: CallChain = { held, outer: callChain() }
  try {
    return await chains.run(link, body, ...args)
  } finally {
    link.held = undefined
    link.outer = running(link.outer)
  }
}

/** Runs the body outside of every chain: nothing around it waits for it. */
export function detached<T>(body: () => T): T {
  return chains.exit(body)
}

/** Read it where the call is made: a later push or timer runs in its own caller's chain. */
export function callChain(): CallChain | undefined {
  const innermost = running(chains.getStore())
  for (let link = innermost; link !== undefined; link = link.outer) link.outer = running(link.outer)
  return innermost
}

/** Whether a running body of the chain holds such a thing. */
export function contains<H extends object>(
  chain: CallChain | undefined,
  kind: Kind<H>,
  isIt: (held: H) => boolean,
): boolean {
  for (let link = chain; link !== undefined; link = link.outer) {
    if (link.held instanceof kind && isIt(link.held)) return true
  }
  return false
}

/** What the innermost running body around this call holds, among things of this kind. */
export function innermost<H extends object>(kind: Kind<H>): H | undefined {
  let link = callChain()
  while (link !== undefined && !(link.held instanceof kind)) link = link.outer
  return link?.held as H | undefined
}

function running(chain: CallChain | undefined): CallChain | undefined {
  let link = chain
  while (link !== undefined && link.held === undefined) link = link.outer
  return link
}
