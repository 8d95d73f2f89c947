/**
 * What the processes that a test starts inherit. tap would have each of them load a part of it, to know of them when it
 * measures coverage: 25 ms of every process, and the suite starts thousands.
 */
export const environment = (): NodeJS.ProcessEnv => ({ ...process.env, NODE_OPTIONS: undefined })
