import t from 'tap'
import { fuzz } from '../../scripts/fuzz/run.ts'
import { openService } from '../harness/service.ts'

// `node scripts/fuzz.ts --minutes 10` looks longer, and at memory and connections, too.
const seed = 1234
const milliseconds = 8_000

t.test('requests that mostly fit the document get answers that the document knows', async t => {
  // Else the first key that a request makes would close all routes to the others.
  const service = await openService(t, { env: { AUTH: 'off' } })
  const address = await service.listen()

  const { violations, requests, statuses } = await fuzz({ address, seed, milliseconds })

  t.strictSame(violations, [], `seed ${seed}`)
  t.comment(JSON.stringify({ requests, statuses }))
  t.ok(statuses['200'] && statuses['201'] && statuses['400'] && statuses['404'], 'it comes through, and is refused')
  t.equal((await fetch(`${address}/health/ready`)).status, 200)
})
