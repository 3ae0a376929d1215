export { PostgresNotFoundError, type PostgresBinaries, findPostgres } from './find-postgres.ts'
export { type RunningPostgres, startPostgres } from './start-postgres.ts'
