import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'

/**
 * Runs the test files that it reads from its input, one after the other, each in a subtest that stands for `tap` in it:
 * to load and warm up the service takes longer than many a file. What a file opens is closed with its subtest. After
 * each file a line says how it went; `run-tests.ts` reads it.
 */
const tests = new Map<string, Test>()
Object.assign(globalThis, { [Symbol.for('darkroom.tests')]: tests })
const place = 'lane:'

registerHooks({
  resolve(specifier, context, next) {
    const { parentURL = '' } = context
    return specifier === 'tap' && tests.has(parentURL)
      ? { url: `${place}${parentURL}`, format: 'module', shortCircuit: true }
      : next(specifier, context)
  },
  load(url, context, next) {
    if (!url.startsWith(place)) return next(url, context)
    const name = JSON.stringify(url.slice(place.length))
    const source = `export default globalThis[Symbol.for('darkroom.tests')].get(${name})`
    return { format: 'module', source, shortCircuit: true }
  }
})

// A file has its own limit; together they may take longer. One test around them: tap ends when it waits for a next one.
const limit = Number(process.env.TAP_TIMEOUT ?? 300) * 1000
t.setTimeout(0)
await t.test('files', { timeout: 0 }, async t => {
  for await (const file of createInterface({ input: process.stdin })) await runFile(t, file)
})

async function runFile(t: Test, file: string) {
  const url = pathToFileURL(path.resolve(file)).href
  let test: Test | undefined
  const before = cpuSeconds()
  await t.test(file, { timeout: limit }, async t => {
    test = t
    tests.set(url, t)
    await import(url)
  })
  const { pass, fail, skip, todo } = test!.counts
  const cpu = cpuSeconds() - before
  const memory = process.memoryUsage.rss()
  process.stdout.write(`\n@@ ${JSON.stringify({ file, pass: pass + skip + todo, fail, cpu, memory })}\n`)
}

/**
 * What this process and the ended ones below it have used, where the system tells it. Postgres is not among them, and
 * the browser, which stays for the next file, neither.
 */
function cpuSeconds() {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]!.split(' ')
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100
  } catch {
    return 0
  }
}
