import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readConfig } from '#config.ts'
import { keepConnections } from '#outbound/connections.ts'
import { guardOf } from '#outbound/guard.ts'
import { post } from '#outbound/post.ts'
import { median } from './service.ts'

/**
 * What a kept connection saves a webhook: requests to a receiver on this machine, four at a time, with connections that
 * are kept and with one for each, in turns.
 *
 *   node scripts/bench/connections.ts [rounds] [requests]
 */
const rounds = Number(process.argv[2] ?? 7)
const count = Number(process.argv[3] ?? 4_000)
const atOnce = 4

const receiver = createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(204).end())
})
await new Promise<void>(resolve => receiver.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
const open = readConfig({ WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8' }).WEBHOOK_ALLOW_NETWORKS!
const guard = guardOf({ open, database: 'postgres://localhost:1/darkroom', port: 1 })
const body = JSON.stringify({ type: 'task.completed', data: { text: 'x'.repeat(500) } })

const ways = { kept: keepConnections({ guard }), 'one each': keepConnections({ guard, oldest: 0 }) }
const rates: Record<string, number[]> = { kept: [], 'one each': [] }
const costs: Record<string, number[]> = { kept: [], 'one each': [] }
for (let round = 0; round <= rounds; round++) {
  for (const [name, connections] of Object.entries(ways)) {
    const [began, before] = [performance.now(), process.cpuUsage()]
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let n = 0; n < count / atOnce; n++) await post({ url, headers: {}, body, connections })
      })
    )
    const { user, system } = process.cpuUsage(before)
    // The first round warms up.
    if (round === 0) continue
    rates[name]!.push((count * 1000) / (performance.now() - began))
    costs[name]!.push((user + system) / count)
  }
}
for (const name of Object.keys(ways)) {
  console.log(
    `${name}: ${median(rates[name]!).toFixed(0)} requests/s, ${median(costs[name]!).toFixed(0)} µs of CPU each, with the receiver`
  )
}
const ratios = rates.kept!.map((rate, at) => rate / rates['one each']![at]!)
console.log(`kept is ${median(ratios).toFixed(2)} times as fast (median of ${rounds} rounds)`)
for (const connections of Object.values(ways)) connections.close()
receiver.closeAllConnections()
receiver.close()
