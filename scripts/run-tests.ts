import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { glob, stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/**
 * Types, lint and tests, beside each other, so that a typo does not hide a broken test. The last line reads "N passed,
 * N failed": the assertions, and one each for types and lint. The exit code says the same.
 */
const root = path.resolve(import.meta.dirname, '..')
const bin = path.join(root, 'node_modules/.bin')

// Few lines that take long. Otherwise a long test has a long file.
const slow = /chaos\.test|cli\.test|compile|damaged|deploy|manifest|readme|start-and-stop/

const flags = process.argv.slice(2).filter(argument => argument.startsWith('-'))
const paths = process.argv.slice(2).filter(argument => !argument.startsWith('-'))

let passed = 0
let failed = 0
let interrupted = false
// A Ctrl-C reaches the programs by itself; this one stays to say how far they came. A second one ends it, too.
process.once('SIGINT', () => {
  interrupted = true
})

await Promise.all([
  check('Types', 'tsc', '--project', root),
  check('Lint', 'biome', 'check', root),
  runTests(await findTests())
])

process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 && !interrupted ? 0 : 1

/** All that it says at once, between the tests' own lines. */
async function check(title: string, program: string, ...args: string[]) {
  const started = start(program, args, 'pipe')
  const [said, code] = await Promise.all([started.stdout!.setEncoding('utf8').toArray(), exitCode(started)])
  process.stdout.write(`${said.join('')}${code === 0 ? 'ok' : 'not ok'}  ${title}\n`)
  if (code === 0) passed++
  else failed++
}

async function runTests(files: string[]) {
  if (files.length === 0) {
    process.stdout.write(`There are no tests in ${paths.join(', ')}\n`)
    failed++
    return
  }

  // Much of a test is waiting for other processes.
  const jobs = Math.min(8, availableParallelism() + 2)
  const tap = start('tap', ['run', `--jobs=${jobs}`, '--reporter=tap', ...flags, ...files], 'pipe')
  const [totals, code] = await Promise.all([report(tap.stdout!), exitCode(tap)])

  passed += totals?.passed ?? 0
  failed += totals?.failed ?? 0
  // A tap that dies, or finds nothing to run, counts nothing as failed, and is no success.
  if (!totals || (code !== 0 && totals.failed === 0)) failed++
}

/**
 * One line for a file that is fine, all that it said for one that is not, each as soon as it is known; and the totals
 * of tap's own summary. Everything about a file stands between the files' own lines, which alone are not indented.
 */
async function report(output: Readable) {
  let said: string[] = []
  let totals: { passed: number; failed: number } | undefined

  for await (const line of createInterface(output)) {
    const [, not, file, time] = /^(not )?ok \d+ - (.*?)(?: # time=([\d.]+)ms)?$/.exec(line) ?? []
    if (file) {
      const seconds = time ? ` (${(Number(time) / 1000).toFixed(1)} s)` : ''
      if (not) process.stdout.write(`${said.join('\n')}\n`)
      process.stdout.write(`${not ? 'not ok' : 'ok'}  ${file}${seconds}\n`)
      said = []
      continue
    }

    const [, summary] = /^# \{ (total: .*) \}$/.exec(line) ?? []
    if (summary) totals = { passed: count(summary, 'pass'), failed: count(summary, 'fail') }
    else if (/^Bail out!/.test(line)) process.stdout.write(`${[...said, line].join('\n')}\n`)
    else said.push(line)
  }
  if (!totals) process.stdout.write(`${said.join('\n')}\n`)
  return totals
}

function count(summary: string, name: string) {
  return Number(new RegExp(`\\b${name}: (\\d+)`).exec(summary)?.[1] ?? 0)
}

/**
 * The files named on the command line, or in the folders named there, relative to where it was typed or to the root:
 * the longest first, so that at the end no core waits for one of them.
 */
async function findTests() {
  const files: string[] = []
  for (const name of paths.length > 0 ? paths : ['test']) {
    const here = path.resolve(name)
    const found = (await kind(here)) ? here : path.resolve(root, name)
    if ((await kind(found)) !== 'folder') files.push(path.relative(root, found))
    else
      for await (const file of glob('**/*.test.ts', { cwd: found }))
        files.push(path.relative(root, path.join(found, file)))
  }
  const sizes = new Map<string, number>()
  for (const file of files) sizes.set(file, slow.test(file) ? Infinity : await sizeOf(file))
  return files.sort((a, b) => sizes.get(b)! - sizes.get(a)! || a.localeCompare(b))
}

async function sizeOf(file: string) {
  return (await stat(path.join(root, file)).catch(() => undefined))?.size ?? 0
}

async function kind(name: string) {
  const found = await stat(name).catch(() => undefined)
  return found && (found.isDirectory() ? 'folder' : 'file')
}

function start(program: string, args: readonly string[], stdout: 'inherit' | 'pipe' = 'inherit') {
  const child = spawn(path.join(bin, program), args, {
    cwd: root,
    stdio: ['ignore', stdout, 'inherit'],
    // Every program is to find the same Node.js, and that first.
    env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` }
  })
  process.once('SIGTERM', () => child.kill('SIGTERM'))
  return child
}

async function exitCode(child: ReturnType<typeof start>): Promise<number | null> {
  try {
    const [code] = await once(child, 'close')
    return code
  } catch (error) {
    process.stdout.write(`${(error as Error).message}\n`)
    return null
  }
}
