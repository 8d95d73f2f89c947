import type { KeyLimits } from '#access/limits.ts'

const usualRate = 100
const usualBurst = 500
const mostKeys = 10_000

interface Bucket {
  tokens: number
  at: number
}

/**
 * A bucket of requests for each key: filled at its rate, up to its burst. Each API has its own and takes its share of
 * both, since one that all of them share would cost each request a write.
 */
export function rates() {
  const buckets = new Map<string, Bucket>()

  /** Undefined where the request may pass, else the key's rate and the seconds until it may. */
  return function take(key: string, { rate = usualRate, burst }: KeyLimits, apis: number, now: number) {
    const most = Math.max(1, (burst ?? Math.max(usualBurst, rate)) / apis)
    const share = rate / apis
    let bucket = buckets.get(key)
    if (!bucket) {
      if (buckets.size >= mostKeys) buckets.delete(buckets.keys().next().value!)
      bucket = { tokens: most, at: now }
      buckets.set(key, bucket)
    }
    bucket.tokens = Math.min(most, bucket.tokens + ((now - bucket.at) / 1000) * share)
    bucket.at = now
    if (bucket.tokens < 1) return { rate, wait: Math.max(1, Math.ceil((1 - bucket.tokens) / share)) }
    bucket.tokens--
    return undefined
  }
}
