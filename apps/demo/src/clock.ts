/** The clock of the host, to the microsecond: all processes of one machine agree on it. */
export function hostNow(): number {
  return performance.timeOrigin + performance.now()
}
