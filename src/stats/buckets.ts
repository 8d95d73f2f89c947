/** Buckets of a histogram; darkroom.percentile_of reads it. */
export const bucketCount = 21

/** Place of a duration: 0 below 2 ms, n from 2^n ms on; the last one has all that is longer. */
export function bucketOf(milliseconds: number): number {
  if (!(milliseconds >= 2)) return 0
  return Math.min(bucketCount - 1, Math.floor(Math.log2(milliseconds)))
}
