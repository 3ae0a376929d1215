export { type Beside, jobBeside, pagesBeside } from './beside-api.ts'
export type { Monitor } from './monitor.ts'
export type { SaidJob, SaidPages } from './said.ts'
