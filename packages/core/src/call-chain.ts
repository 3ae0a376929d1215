import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * The bodies around a call that hold something while they run: a lease, an execution, a load. Who would wait for what one
 * of them holds would wait for itself.
 *
 * What a body leaves running behind it (a timer, a call that is not awaited) stays in its chain, so a worker that begins
 * its next turn from within the one before would drag all of them along. A link that has ended therefore holds nothing,
 * and is skipped and cut out wherever somebody comes by: a chain is as long as what still runs, and one.
 */
export interface CallChain {
  /** Undefined: the body has ended. */
  held: object | undefined
  outer: CallChain | undefined
}

const chains = new AsyncLocalStorage<CallChain>()

/** Runs the body with what it holds around it, until its promise is settled. */
export async function runHolding<T>(held: object, body: () => T | PromiseLike<T>): Promise<T> {
  const link: CallChain = { held, outer: callChain() }
  try {
    return await chains.run(link, body)
  } finally {
    link.held = undefined
    link.outer = living(link.outer)
  }
}

/** Taken where the call is made: what is looked at later would belong to a push or a timer. */
export function callChain(): CallChain | undefined {
  const innermost = living(chains.getStore())
  for (let link = innermost; link !== undefined; link = link.outer) link.outer = living(link.outer)
  return innermost
}

/** The innermost thing of its kind that a running body of the chain holds. */
export function heldAround<H extends object>(
  kind: abstract new (...args: never[]) => H,
  chain: CallChain | undefined = callChain(),
  isIt: (held: H) => boolean = () => true,
): H | undefined {
  for (let link = chain; link !== undefined; link = link.outer) {
    const { held } = link
    if (held instanceof kind && isIt(held)) return held
  }
  return undefined
}

function living(chain: CallChain | undefined): CallChain | undefined {
  let link = chain
  while (link !== undefined && link.held === undefined) link = link.outer
  return link
}
