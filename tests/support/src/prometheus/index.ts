export {
  type Program,
  type ProgramName,
  PrometheusNotFoundError,
  findProgram,
  isProgramHere,
} from './find-programs.ts'
export { type RunningProgram, startPrometheus, startRedisExporter } from './start-program.ts'
