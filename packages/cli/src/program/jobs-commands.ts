import { type Command, Option } from 'commander'
import { cancelJob } from '../commands/jobs/cancel.ts'
import { forgetJob } from '../commands/jobs/forget.ts'
import { STATES } from '../commands/jobs/job-text.ts'
import { listJobs } from '../commands/jobs/list.ts'
import { showJob } from '../commands/jobs/show.ts'
import { watchJob } from '../commands/jobs/watch.ts'
import type { Finish } from './finish.ts'
import { wholeNumber, withConnection, withYes } from './shared-options.ts'

export function addJobs(program: Command, finish: Finish): void {
  const jobs = program.command('jobs').description('jobs: what runs, what failed, what is stuck')
  const one = (name: string): Command =>
    withConnection(jobs.command(name).argument('<type>', 'of the job').argument('<key>', 'of the job'))
  withConnection(jobs.command('list').argument('[type]', 'of the jobs'))
    .description('the types with their counts, or the jobs of one type')
    .addOption(new Option('--status <status>', 'only these').choices(STATES))
    .option('--limit <n>', 'how many are shown', wholeNumber(1), 100)
    .action(finish(listJobs))
  one('show').description('one job: its state, attempt, progress, error').action(finish(showJob))
  one('watch').description('the same live, until the job ends or Ctrl-C').action(finish(watchJob))
  withYes(one('cancel'))
    .description('ask a job to stop: its signal aborts')
    .option('--reason <text>', 'shown to the job and to those who wait for it')
    .action(finish(cancelJob))
  withYes(one('forget'))
    .description('remove the record of a job, so that it may run again')
    .action(finish(forgetJob))
}
