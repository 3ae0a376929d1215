/**
 * The cache gives its storage 250 ms, whatever else the machine has to do: a test that meets a moment at which the server gets
 * no processor sees an outage, rightly, and is tried again; also one that waits for what an outage has prevented.
 */
export const PATIENT = { retry: { count: 3, delay: 1_000 }, timeout: 100_000 } as const
