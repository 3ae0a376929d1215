/** Of everything that Hangfire has in Redis, where nothing else is configured. */
export const PREFIX = '{hangfire}:'
