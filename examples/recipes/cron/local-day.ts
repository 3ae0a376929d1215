// #region day
/** The day in that zone, such as 2026-11-30: the name of the slot of a job that runs once a day, far from midnight. */
export function localDay(timeZone: string, at: Date = new Date()): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(at)
}
// #endregion
