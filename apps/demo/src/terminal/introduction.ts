import type { Scenario } from './command-line.ts'

export const TITLES: Readonly<Record<Scenario, string>> = {
  plain: 'Five jobs, three instances.',
  once: 'Five jobs, three instances.',
  crash: 'Five jobs, three instances, one crash.',
  freeze: 'Five jobs, three instances, one that freezes.',
  outage: 'Five jobs, three instances, and Redis stops.',
  without: 'The control run: five jobs, three instances, no Holdfast.',
}

const ALL_AT_ONCE =
  'Each instance is a process. All of them start every job at the same moment, and once more when it is done, as a queue ' +
  'does that delivers twice. Holdfast lets each job run once: the other starts are turned away, or get its result.'

const LEASE =
  'The instance that runs a job holds it by a lease, which it renews. When it falls silent, the lease runs out, and another ' +
  'instance takes the job over.'

/** What is going to be seen, for a reader who has never heard of it. */
export function introduction(scenario: Scenario): string {
  switch (scenario) {
    case 'plain':
    case 'once':
      return `${ALL_AT_ONCE} "npm run demo -- --help" names the forms in which something goes wrong.`
    case 'crash':
      return `${ALL_AT_ONCE} ${LEASE} Here the instance that runs ai-review is killed in the middle.`
    case 'freeze':
      return (
        `${ALL_AT_ONCE} ${LEASE} Here the instance that runs ai-review is frozen just before it charges the customer, ` +
        'and wakes up when another has done so.'
      )
    case 'outage':
      return `${ALL_AT_ONCE} Here Redis is stopped in the middle. While it is away, every job is started again.`
    case 'without':
      return (
        'Each instance is a process. All of them start every job at the same moment, and nothing keeps a job from running ' +
        'each time. Everything else is as in "npm run demo".'
      )
  }
}
