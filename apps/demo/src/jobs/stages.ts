import type { JobContext } from './job.ts'
import { patiently } from './patiently.ts'

/** One step of a job. `State` is small plain data: it is the checkpoint that a takeover goes on from. */
export interface Stage<State> {
  /** Reported when the stage begins. */
  readonly percent: number
  readonly title: string
  /** Returns the state to go on with, nothing for the same one. */
  readonly run: (state: State) => Promise<State | void> | State | void
}

interface Checkpoint<State> {
  readonly completedPercent: number
  readonly state: State
}

/** Behind which stage an attempt with this checkpoint goes on; 0: from the start. */
export function percentSaved(checkpoint: unknown): number {
  return (checkpoint as Checkpoint<unknown> | undefined)?.completedPercent ?? 0
}

/**
 * Runs the stages in order, reporting and saving after each. Another attempt starts behind the last stage that was
 * saved; a stage that ended just before a crash may run twice, so stages write effects that tolerate it.
 *
 * @param isOver says after each stage whether the rest is not needed
 */
export async function runStages<State>(
  context: JobContext,
  initial: State,
  stages: readonly Stage<State>[],
  isOver: (state: State) => boolean = () => false,
): Promise<State> {
  const { execution, log } = context
  const saved = execution.checkpoint as Checkpoint<State> | undefined
  if (saved !== undefined) {
    log.info({ checkpoint: saved, attempt: execution.attempt }, `resuming behind ${saved.completedPercent} %`)
  }
  let state = saved?.state ?? initial
  for (const { percent, title, run } of stages) {
    if (isOver(state)) break
    if (percent <= (saved?.completedPercent ?? 0)) continue
    execution.signal.throwIfAborted()
    context.witnessStage(`${percent} ${title}`)
    log.info({ percent }, title)
    await execution.updateProgress(percent, title)
    state = (await run(state)) ?? state
    const checkpoint: Checkpoint<State> = { completedPercent: percent, state }
    await patiently(execution.signal, () => execution.saveCheckpoint(checkpoint))
    await context.pace()
  }
  return state
}
