import { type Hangfire, type HangfireOptions, createHangfire } from '../../src/index.ts'
import { type ClientName, connect } from '../locks/node-peer.ts'

export interface OpenHangfire extends AsyncDisposable {
  readonly hangfire: Hangfire
}

/** As a Node process has it, on a separate client. Level 180 with simple names unless given. */
export async function openHangfire(
  name: ClientName,
  url: string,
  options: Omit<HangfireOptions, 'client'>,
): Promise<OpenHangfire> {
  const { client, end } = await connect(name, url)
  const hangfire = createHangfire({
    client,
    dates: 'ms',
    typeNames: 'simple',
    callTimeoutMs: 60_000,
    ...options,
  })
  return {
    hangfire,
    async [Symbol.asyncDispose]() {
      await hangfire.close()
      end()
    },
  }
}
