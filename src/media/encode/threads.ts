import { availableParallelism } from 'node:os'

const cores = availableParallelism()

/** More than eight do not make an encode of one print faster. */
let current = Math.min(cores, 8)

/**
 * Threads of the decoder and of each encoder. By default each x264 takes one and a half threads per core, and three
 * encoders mostly wait for each other.
 */
export const threads = () => current

/**
 * Shares the cores with the other processes of a worker, which may encode at the same time. Twice the share: the encoders
 * of one film take turns, and not every process has a film.
 */
export function shareCores(processes: number) {
  current = Math.max(1, Math.min(cores, 8, Math.round((2 * cores) / processes)))
}
