/** Milliseconds on the clock of the machine, which all processes share and nobody sets. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
