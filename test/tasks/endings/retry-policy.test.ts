import t from 'tap'
import { Type } from 'typebox'
import { defineTask } from '../../../src/darkroom.ts'
import type { RetrySettings } from '../../../src/tasks/define.ts'
import { afterFailure } from '../../../src/tasks/endings/retry-policy.ts'

function delays(settings: Partial<RetrySettings> = {}) {
  const kind = defineTask({ name: 'failing', args: Type.Object({}), max_retries: 12, run() {}, ...settings })
  return Array.from({ length: kind.max_retries + 1 }, (_, failures) => {
    const next = afterFailure(failures, kind)
    return next.state === 'RETRY' ? next.delay : next.state
  })
}

t.test('by default the delay starts at 1 s and doubles exactly, up to ten minutes', async t => {
  t.strictSame(delays(), [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 'FAILURE'])
})

t.test('a kind sets the first delay, the longest one, and whether it grows', async t => {
  t.strictSame(delays({ max_retries: 3, retry_delay: 5, retry_backoff_max: 15 }), [5, 10, 15, 'FAILURE'])
  t.strictSame(delays({ max_retries: 3, retry_delay: 5, retry_backoff: false }), [5, 5, 5, 'FAILURE'])
})

t.test('with retry_jitter each delay is drawn at random below that', async t => {
  const drawn = delays({ max_retries: 9, retry_jitter: true }).slice(0, -1) as number[]

  for (const [failures, delay] of drawn.entries()) t.ok(delay >= 0 && delay <= 2 ** failures, `${delay}`)
  t.ok(drawn.some((delay, failures) => delay !== 2 ** failures))
})
