import { useEffect, useState } from 'preact/hooks'
import { readLogs } from '../act.ts'
import type { LogLine } from '../model/model.ts'

interface Asked {
  readonly executionId: string
  readonly lines: readonly LogLine[]
}

const NONE: readonly LogLine[] = []

/** Lines of one execution that are older than what the page keeps, from the files that the instances write. */
export function useOlderLines(executionId: string | null): readonly LogLine[] {
  const [asked, setAsked] = useState<Asked>()
  useEffect(() => {
    if (executionId === null) return
    let isWanted = true
    const ask = async (): Promise<void> => {
      const events = (await readLogs(executionId)) ?? []
      const lines = events.flatMap((event, index) =>
        // Below all that the page has: it counts the lines of a run from 1.
        event.type === 'log' ? [{ ...event, seq: index - events.length }] : [],
      )
      if (isWanted) setAsked({ executionId, lines })
    }
    void ask()
    return () => {
      isWanted = false
    }
  }, [executionId])
  return asked?.executionId === executionId ? asked.lines : NONE
}
