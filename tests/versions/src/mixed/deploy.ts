import type { Endpoint } from '../topologies.ts'
import type { Installed } from './kept.ts'
import { Peer } from './peer-process.ts'
import type { Library } from './peer/connect.ts'

/** Two versions at work on one Redis, as a rolling deploy and a roll-back have them. */
export interface Deploy {
  /** It acts first, in every case; the other meets what it left. */
  readonly first: Peer
  readonly second: Peer
  /** Another process beside the first, for a case to kill. */
  another(): Promise<Peer>
  /** The text, and what no other call, also of another try of the case, and no other deploy has. */
  name(text: string): string
}

/**
 * The cache gives its storage 250 ms, whatever else the machine has to do: a case that meets a moment at which the server gets
 * no processor sees an outage, rightly, and is tried again.
 */
export const TRIES_OF_CACHE = 4

/** Something that must hold whichever version comes first. */
export interface MixedCase {
  readonly name: string
  readonly run: (deploy: Deploy) => Promise<void>
}

export interface OpenDeploy extends Deploy {
  close(): Promise<void>
}

export interface DeployOptions {
  readonly first: Installed
  readonly second: Installed
  readonly endpoint: Endpoint
  /** Of the first and of the second. */
  readonly libraries: readonly [Library, Library]
}

export async function openDeploy({ first, second, endpoint, libraries }: DeployOptions): Promise<OpenDeploy> {
  const others: Promise<Peer>[] = []
  let names = 0
  const startFirst = async (): Promise<Peer> => await Peer.start(first, { library: libraries[0], endpoint })
  const peers = await Promise.all([startFirst(), Peer.start(second, { library: libraries[1], endpoint })])
  const title = [first.version, ...libraries, second.version].join('-')
  return {
    first: peers[0],
    second: peers[1],
    async another() {
      const other = startFirst()
      others.push(other)
      return await other
    },
    name: (text) => `${text}-${title}-${(names += 1)}`.replaceAll(' ', '-'),
    async close() {
      for (const peer of [...peers, ...(await Promise.all(others))]) await peer.kill()
    },
  }
}
