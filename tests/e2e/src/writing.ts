import type { RequestMatch } from '@holdfast/test-support/proxy'

/** The write that makes this job executing, completed or failed. */
export function writing(status: string, key: string): RequestMatch {
  return ({ name, args }) =>
    ['eval', 'evalsha'].includes(name) &&
    args.some((arg) => arg.includes(key)) &&
    args.some((arg) => arg.includes(`"status":"${status}"`))
}
