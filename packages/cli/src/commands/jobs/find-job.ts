import type { ExecutionSnapshot } from '@holdfast/core'
import { Exit, exitCodes } from '../../exit.ts'
import { visible } from '../../output/text.ts'
import { prefixHint } from '../../session/prefixes.ts'
import type { Session } from '../../session/session.ts'

/** @throws Exit that says what there is instead */
export async function findJob(session: Session, jobType: string, jobKey: string): Promise<ExecutionSnapshot> {
  const snapshot = await session.holdfast.idempotency.getExecutionStatus(jobType, jobKey)
  return snapshot ?? (await missingJob(session, jobType, jobKey))
}

export async function missingJob(session: Session, jobType: string, jobKey: string): Promise<never> {
  const types = await session.holdfast.idempotency.listJobTypes()
  if (!types.includes(jobType)) return await unknownType(session, jobType, types)
  throw new Exit(
    exitCodes.findings,
    `Redis has no job ${visible(jobType)} ${visible(jobKey)}: it never started, or its record has expired, or Redis lost it (holdfast doctor).`,
  )
}

/** That Redis has none does not mean that there was none: it may have evicted them, or lost them in a restart. */
export function noJobs({ prefix }: Pick<Session, 'prefix'>): string {
  return `Redis has no record of a job under the prefix ${visible(prefix)}: none was started within 30 days, or Redis lost them (holdfast doctor).`
}

/** `types`: those that there are. */
export async function unknownType(
  session: Session,
  jobType: string,
  types: readonly string[],
): Promise<never> {
  if (types.length > 0)
    throw new Exit(
      exitCodes.findings,
      `Redis has no record of a job of type ${visible(jobType)} within 30 days. Types that it has: ${types.map(visible).join(', ')}.`,
    )
  const { text } = await prefixHint(session)
  throw new Exit(exitCodes.findings, `${noJobs(session)} ${text}`.trimEnd())
}
