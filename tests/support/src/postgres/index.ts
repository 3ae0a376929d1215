export {
  PostgresNotFoundError,
  type PostgresBinaries,
  findPostgres,
  isPostgresHere,
} from './find-postgres.ts'
export { type RunningPostgres, startPostgres } from './start-postgres.ts'
