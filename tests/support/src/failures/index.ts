export { type Failure, failureLines } from './failures.ts'
