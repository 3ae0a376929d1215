import { randomUUID } from 'node:crypto'

const NAME = /:[lrv]:(?:[^:}]*:)?verify-[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/

/** A name for what the self-test stores: of the `app`, if one is given. */
export function throwawayName(app: string | undefined): string {
  return `${app === undefined ? '' : `${app}:`}verify-${randomUUID()}`
}

/** Whether the self-test made a key: some stay for a minute, and are no sign of an app. */
export function isOfSelfTest(key: string): boolean {
  return NAME.test(key)
}
