import { HoldfastError } from '@holdfast/core'

/** Redis has answered, and refused. */
export function hasAnswer(error: unknown): error is HoldfastError {
  return HoldfastError.isInstance(error) && error.code === 'STORAGE_REFUSED'
}

/** One line for people: what this user may not do, and which rights let it. */
export function refusalText(error: HoldfastError): string {
  const { message } = error
  if (!isAboutRights(error)) return message
  const answer = /NOPERM[^.]*/.exec(message)?.[0] ?? message
  return `This user of Redis may not do that (${answer.trim()}). holdfast acl prints the rights to do everything, holdfast acl --features inspect those to look.`
}

function isAboutRights({ message }: HoldfastError): boolean {
  return /\bNOPERM\b|user executing the script can't run|ACL failure in script/.test(message)
}

/** Redis has answered, with what no key of this version holds: another type, or another format. */
export function isUnreadable(error: unknown): boolean {
  return hasAnswer(error) && !isAboutRights(error)
}
