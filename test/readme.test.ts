import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import t from 'tap'
import { isGroup } from '../src/commands/command.ts'
import { findCommand } from '../src/commands/parsing/find.ts'
import { parse } from '../src/commands/parsing/parse.ts'
import { table } from '../src/commands/table.ts'
import { settings } from '../src/config.ts'
import * as errors from '../src/errors.ts'
import { openPage, skipWithoutBrowser } from './harness/browser.ts'
import { shoot } from './harness/clip.ts'
import { seat } from './harness/seat.ts'
import { openService } from './harness/service.ts'
import { patience } from './harness/until.ts'

const cli = path.resolve(import.meta.dirname, '../src/cli.ts')
const readme = await readFile(path.resolve(import.meta.dirname, '../README.md'), 'utf8')

t.test('the README lists every setting, with its default and what it is', async t => {
  const rows = tableIn('## Settings')

  t.strictSame(
    rows,
    Object.entries(settings).map(([name, { fallback, about }]) => [
      `\`${name}\``,
      name === 'WORKER_CONCURRENCY' ? 'number of cores' : fallback === undefined ? '–' : `\`${fallback}\``,
      about
    ])
  )
})

t.test('the README lists every command', async t => {
  const rows = table.map(entry => [
    `\`${entry.name}\``,
    entry.about,
    isGroup(entry) ? entry.commands.map(({ name }) => `\`${name}\``).join(', ') : ''
  ])
  t.strictSame(tableIn('## The command line'), rows)
})

t.test('every command that the README names has these operands and options', async t => {
  const lines = blocks('sh').flatMap(({ code }) => code.split('\n').filter(line => line.includes('scripts/darkroom ')))
  t.ok(lines.length >= 12)
  for (const line of lines) {
    const words = line.replace(/^.*?scripts\/darkroom /, '').replace(/\)$| > .*$/, '')
    const args = execFileSync('bash', ['-c', `printf '%s\\n' ${words}`], { encoding: 'utf8' })
      .trimEnd()
      .split('\n')
    const { name, command, rest } = findCommand(table, args)
    t.ok(command && parse(name, command, rest), line)
  }
})

t.test('the pictures of the README are there, in light and dark, and small', async t => {
  const named = [...readme.matchAll(/(?:src|srcset)="(docs\/[^"]+)"/g)].map(([, file]) => file!)

  t.ok(named.length > 10)
  for (const file of named) {
    const pair = file.replace(/-(light|dark)\./, (_, scheme) => `-${scheme === 'light' ? 'dark' : 'light'}.`)
    t.ok(named.includes(pair), `${file} has a pair`)
  }
  const folder = path.resolve(import.meta.dirname, '../docs/tour')
  const sizes = new Map<string, number>()
  for (const name of await readdir(folder)) sizes.set(`docs/tour/${name}`, (await stat(path.join(folder, name))).size)
  for (const file of named) t.ok(sizes.has(file), `${file} is there`)
  for (const [file, size] of sizes) t.ok(size <= 120_000, `${file} has ${size} bytes`)
  t.ok([...sizes.values()].reduce((sum, size) => sum + size, 0) <= 2_500_000)
})

t.test('the README lists every error, with its status', async t => {
  const rows = tableIn('## Errors').flatMap(([codes, status]) => codes!.split(', ').map(code => [code, Number(status)]))

  const known = Object.values(errors).map(Coded => new Coded())
  t.strictSame(rows.toSorted(), known.map(({ code, statusCode }) => [`\`${code}\``, statusCode]).toSorted())
})

t.test('the examples of the README give the answers that it shows', async t => {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-readme-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await writeFile(path.join(folder, 'greet.ts'), blocks('ts')[0]!.code)
  const service = await openService(t, { env: { TASKS_DIR: folder }, worker: true })
  const address = await service.api.listen()

  const examples = blocks('sh').filter(({ expected }) => expected !== undefined)
  t.ok(examples.length >= 10, 'there are examples')
  const outputs = await runInOneShell(
    examples.map(({ code }) =>
      code.replaceAll('http://127.0.0.1:8000', address).replaceAll('scripts/darkroom', `"${process.execPath}" "${cli}"`)
    ),
    { cwd: folder, env: { ...process.env, DARKROOM_URL: address, HOME: folder } }
  )

  for (const [index, { code, expected }] of examples.entries()) {
    t.ok(fits(JSON.parse(expected!), JSON.parse(outputs[index]!)), code.split('\n').at(-1)!, {
      found: outputs[index],
      expected
    })
  }

  const [greeting] = (await service.get('/api/tasks?task=greet')).json().items
  t.match(await service.finished(greeting.id), { result: { greeting: 'Hello, Ada!' }, attempts: 2 })
})

t.test('the SQL of the README runs as written, as the roles that may run it', async t => {
  const service = await openService(t, { worker: true })
  await service.post('/api/queues/low_priority/pause')
  const owner = await service.db.pool.connect()
  t.teardown(() => owner.release())
  const operator = await seat(t, service.url, 'darkroom_operator')
  const reader = await seat(t, service.url, 'darkroom_reader')
  const statements = (language: string) =>
    blocks(language).flatMap(({ code }) => code.replaceAll(/--.*$/gm, '').split(/;\s*/).filter(Boolean))
  const seats: [pg.ClientBase, string[]][] = [
    [owner, statements('postgresql')],
    [operator, statements('sql')],
    [reader, statements('sql').filter(statement => !/ops\.\w+\(/.test(statement))]
  ]
  t.ok(statements('sql').length >= 20, 'there are statements')

  for (const [client, own] of seats) {
    const id = await service.submit('sleep', { seconds: 1 }, { queue: 'low_priority' })
    // Rolled back, so the worker sees none of it.
    await client.query('begin')
    for (const statement of own) {
      const { command, rowCount } = await client.query(statement.replaceAll(":'id'", pg.escapeLiteral(id)))
      t.ok(command === 'SELECT' || rowCount! > 0, statement)
    }
    await client.query('rollback')
  }
})

t.test('the page of the README uploads a film and shows its prints', { skip: skipWithoutBrowser }, async t => {
  const PUBLIC_DIR = await mkdtemp(path.join(tmpdir(), 'darkroom-readme-'))
  t.teardown(() => rm(PUBLIC_DIR, { recursive: true, force: true }))
  await writeFile(path.join(PUBLIC_DIR, 'index.html'), blocks('html')[0]!.code)
  const service = await openService(t, { env: { PUBLIC_DIR }, worker: true })
  const address = await service.listen()
  const { page, complaints } = await openPage(t, address)

  await page.goto(address)
  await page.locator('input').setInputFiles({ name: 'film.mp4', mimeType: 'video/mp4', buffer: await shoot() })
  const print = page.locator('li a').first()
  await print.waitFor({ timeout: patience * 1000 })

  t.equal(await page.locator('output').textContent(), 'COMPLETED')
  t.equal((await service.get((await print.getAttribute('href'))!)).headers['content-type'], 'video/mp4')
  // Browsers ask for an icon.
  t.strictSame(
    complaints.filter(line => !line.includes('404')),
    []
  )
})

function tableIn(heading: string) {
  const section = readme.slice(readme.indexOf(`\n${heading}\n`)).split('\n## ')[1]!
  return section
    .split('\n')
    .filter(line => line.startsWith('| `'))
    .map(line => line.slice(2, -2).split(' | '))
}

/** The code blocks in a language, each with the JSON block that follows it at once. */
function blocks(language: string) {
  const pattern = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\\n\`\`\`(?:\\n\`\`\`json\\n([\\s\\S]*?)\\n\`\`\`)?`, 'g')
  return [...readme.matchAll(pattern)].map(([, code, expected]) => ({ code: code!, expected }))
}

/** As a reader does it: one after the other, with the variables of earlier blocks. */
async function runInOneShell(scripts: string[], { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv }) {
  const mark = '\u0001'
  const shell = spawn('bash', ['-e', '-c', scripts.join(`\nprintf '${mark}'\n`)], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  let output = ''
  for await (const chunk of shell.stdout.setEncoding('utf8')) output += chunk
  return output.split(mark)
}

/** Every expected field is there; `…` stands for any value. */
function fits(expected: unknown, found: unknown): boolean {
  if (typeof expected === 'string' && expected.includes('…')) {
    const pattern = expected.split('…').map(RegExp.escape).join('.+')
    return typeof found === 'string' && new RegExp(`^${pattern}$`).test(found)
  }
  if (typeof expected !== 'object' || expected === null) return expected === found
  if (typeof found !== 'object' || found === null) return false
  return Object.entries(expected).every(([key, value]) => fits(value, (found as Record<string, unknown>)[key]))
}
