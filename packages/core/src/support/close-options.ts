import { type OptionTable, duration } from './option-table.ts'

export interface CloseOptions {
  /**
   * How long to wait for what is running.
   * @default 0
   */
  readonly graceMs?: number | undefined
}

export const CLOSE: OptionTable<CloseOptions> = { graceMs: [duration(0), 0] }
