import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { glob, stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'

/**
 * Types, lint and tests, beside each other, so that a typo does not hide a broken test. The last line reads "N passed,
 * N failed": the assertions, and one for each check of types and for lint. The exit code says the same.
 */
const root = path.resolve(import.meta.dirname, '..')
const bin = path.join(root, 'node_modules/.bin')

// Few lines that take long. Otherwise a long test has a long file.
const slow =
  /acts|chaos\.test|cli\.test|compile|crash|damaged|deploy|hls|lease|manifest|openapi|pages|parts|pictures|readme|start-and-stop/

// Bytes. What a file has made stays with its module, and the garbage collector walks over it for all files that follow.
const largestLane = 512 * 1024 ** 2

// Seconds that a file may take, as in .taprc.
const timeout = 420

// More files than that which fail are broken, and not starved by those beside them.
const mostAgain = 4

const paths = process.argv.slice(2)

let passed = 0
let failed = 0
let interrupted = false
const running = new Set<ChildProcess>()
// A Ctrl-C reaches all but the lanes by itself; this one stays to say how far they came. A second one ends it, too.
process.once('SIGINT', () => {
  interrupted = true
  for (const child of running) child.kill('SIGINT')
})
process.once('SIGTERM', () => {
  interrupted = true
  for (const child of running) child.kill('SIGTERM')
})

await Promise.all([
  check('Types', 'tsc', '--project', root),
  check('Types of the dashboard', 'tsc', '--project', path.join(root, 'src/dashboard')),
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

/**
 * In a few processes, each of which runs one file after the other. Not by `tap run`: that has every process and every
 * thread of a worker under test load tap's hooks first, a third of the CPU of a short test.
 */
async function runTests(files: string[]) {
  if (files.length === 0) {
    process.stdout.write(`There are no tests in ${paths.join(', ')}\n`)
    failed++
    return
  }

  const isReady = await runHarness('before.ts')
  // Much of a test is waiting for other processes. TEST_JOBS is for a machine with other work.
  const jobs = Number(process.env.TEST_JOBS) || Math.min(8, availableParallelism() + 2)
  const results = isReady ? await runLanes(files, jobs) : []
  const failing = results.filter(({ failures }) => failures > 0)
  for (const { passes, failures } of results) {
    passed += passes
    failed += failures
  }
  if (files.length > 1 && failing.length > 0 && failing.length <= mostAgain && !interrupted) await runAgain(failing)
  await runHarness('after.ts')
}

/**
 * A file that has failed beside others runs once more alone, and that counts. Its first failure stays in what was
 * said, and a line names it: it has looked once at what it should wait for, or its patience is too short for a busy
 * machine. That is a mistake of its own to mend, and no reason to refuse the change under test.
 */
async function runAgain(failing: Result[]) {
  process.stdout.write(`${failing.length} failed beside other files, and now run alone:\n`)
  const again = await runLanes(
    failing.map(({ file }) => file),
    1
  )
  for (const { file, passes, failures } of again) {
    const before = failing.find(result => result.file === file)!
    passed += passes - before.passes
    failed += failures - before.failures
    if (failures === 0) process.stdout.write(`unsteady  ${file}: mend it\n`)
  }
}

interface Result {
  file: string
  passes: number
  failures: number
}

async function runLanes(files: string[], jobs: number) {
  const waiting = [...files]
  const results: Result[] = []
  const next = () => (interrupted ? undefined : waiting.shift())
  await Promise.all(Array.from({ length: jobs }, () => runLane(next, results)))
  return results
}

/** What all test files share is made before the first and ended after the last. */
async function runHarness(name: string) {
  const code = await exitCode(start('node', [path.join('test/harness', name)]))
  if (code === 0) return true
  process.stdout.write(`not ok  test/harness/${name}\n`)
  failed++
  return false
}

/** A process that runs files (`test/harness/lane.ts`) until there are none, and the next one if a file ends or fills it. */
async function runLane(next: () => string | undefined, results: Result[]) {
  for (let file = next(); file !== undefined; file = next()) {
    const lane = startLane()
    const lines = createInterface({ input: lane.stdout! })[Symbol.asyncIterator]()
    for (let goesOn = true; goesOn && file !== undefined; ) {
      const { isFull, ...result } = await runTest(file, lane, lines)
      results.push(result)
      goesOn = !isFull
      if (goesOn) file = next()
    }
    lane.stdin!.end()
    // What a file has left open keeps its process.
    const timer = setTimeout(() => lane.kill('SIGKILL'), 10_000)
    await exitCode(lane)
    clearTimeout(timer)
  }
}

/** One line for a file that is fine, all that it said for one that is not. Answers whether its process is to go, too. */
async function runTest(file: string, lane: ChildProcess, lines: AsyncIterator<string>) {
  const begun = performance.now()
  // A file ends by itself before that, and says what it has waited for; not if it computes without end.
  const timer = setTimeout(() => lane.kill('SIGKILL'), (timeout + 60) * 1000)
  lane.stdin!.write(`${file}\n`)
  const said: string[] = []
  let result = ''
  while (result === '') {
    const { done, value } = await lines.next()
    if (done) break
    if (value.startsWith('@@ ')) result = value.slice(3)
    else said.push(value)
  }
  clearTimeout(timer)

  const { pass, fail, cpu, memory } = result ? JSON.parse(result) : { pass: 0, fail: 0, cpu: 0, memory: 0 }
  // A file that ends its process, or says nothing, counts nothing as failed, and is no success.
  const failures: number = pass + fail === 0 ? 1 : fail
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  if (failures > 0) process.stdout.write(said.map(line => `    ${line}\n`).join(''))
  process.stdout.write(`${failures === 0 ? 'ok' : 'not ok'}  ${file} (${seconds} s, CPU ${cpu.toFixed(1)} s)\n`)
  return { file, passes: pass as number, failures, isFull: result === '' || memory >= largestLane }
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

/** In a session of its own, which Linux lets go before those of tasks no more than a task before another. */
function startLane() {
  const lane = start('node', ['--require=./test/harness/preload.cjs', 'test/harness/lane.ts'], 'pipe', true)
  // As the worker sets it for tasks: else a film's ffmpeg gets a tenth of a core while other files run.
  try {
    writeFileSync(`/proc/${lane.pid}/autogroup`, '10')
  } catch {}
  return lane
}

function start(program: string, args: readonly string[], stdout: 'inherit' | 'pipe' = 'inherit', isLane = false) {
  const child = spawn(path.join(bin, program), args, {
    cwd: root,
    stdio: [isLane ? 'pipe' : 'ignore', stdout, 'inherit'],
    detached: isLane,
    // Every program is to find the same Node.js, and that first.
    env: { TAP: '1', TAP_TIMEOUT: String(timeout), ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` }
  })
  running.add(child)
  child.once('close', () => running.delete(child))
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
