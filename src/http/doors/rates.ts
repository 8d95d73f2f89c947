import type { KeyLimits } from '#access/limits.ts'

const usualRate = 100
const usualBurst = 500
const mostKeys = 10_000

interface Bucket {
  tokens: number
  at: number
}

/** A bucket of requests for each key, in this process: filled at its rate, up to its burst. */
export function rates() {
  const buckets = new Map<string, Bucket>()

  /** Undefined where the request may pass, else its rate and the seconds until it may. */
  return function take(key: string, { rate = usualRate, burst }: KeyLimits) {
    const most = burst ?? Math.max(usualBurst, rate)
    const now = performance.now()
    let bucket = buckets.get(key)
    if (!bucket) {
      if (buckets.size >= mostKeys) buckets.delete(buckets.keys().next().value!)
      bucket = { tokens: most, at: now }
      buckets.set(key, bucket)
    }
    bucket.tokens = Math.min(most, bucket.tokens + ((now - bucket.at) / 1000) * rate)
    bucket.at = now
    if (bucket.tokens < 1) return { rate, wait: Math.max(1, Math.ceil((1 - bucket.tokens) / rate)) }
    bucket.tokens--
    return undefined
  }
}
