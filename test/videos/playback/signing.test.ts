import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import t from 'tap'
import { expiryIn } from '../../../src/videos/playback/expiry.ts'
import { tokenFor } from '../../../src/videos/playback/token.ts'
import { borrowDatabase } from '../../harness/database.ts'
import { openService } from '../../harness/service.ts'

// docs/signing.md is what apps copy: its code runs here, in each language that this machine has.
const page = await readFile(path.resolve(import.meta.dirname, '../../../docs/signing.md'), 'utf8')
const key = /`(dr_g_\w{60})`/.exec(page)![1]!
const video = '01980000-0000-7000-8000-000000000002'
const vectors = [...page.matchAll(/^\| `(.+)` \| (\d+) \| `(\w)` \| (\d+) \| (\d+) \| `(.+)` \|$/gm)].map(
  ([, file, seconds, grant, epoch, now, expected]) => ({
    file: file!,
    seconds: Number(seconds),
    grant: grant as 's',
    epoch: Number(epoch),
    now: Number(now),
    expected: expected!
  })
)
const expected = vectors.map(each => each.expected)
const run = promisify(execFile)

function codeIn(language: string) {
  return new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(page)![1]!
}

async function isMissing(program: string) {
  return run(program, ['--version']).then(
    () => false,
    () => `there is no ${program} on this machine`
  )
}

/** What a program prints that is made of the page's code and of a call for each vector. */
async function printed(program: string, args: string[], file: string, code: string) {
  await writeFile(file, code)
  const { stdout } = await run(program, [...args, file])
  return stdout.trim().split('\n')
}

t.test('the vectors are what the API makes', t => {
  t.equal(vectors.length, 3)
  const kid = key.split('_')[2]!
  for (const { file, seconds, grant, epoch, now, expected } of vectors) {
    const token = tokenFor(key, { kid, exp: expiryIn(seconds, now * 1000), grant, video, epoch })
    t.equal(`/play/${token}/${video}/${file}`, expected)
  }
  t.end()
})

t.test('TypeScript, whose link plays', async t => {
  const file = path.join(t.testdir(), 'sign.ts')
  await writeFile(file, codeIn('ts'))
  const { playPath } = await import(file)
  t.strictSame(
    vectors.map(({ file, ...options }) => playPath(key, video, file, options)),
    expected
  )

  const service = await openService(t)
  const { id } = await service.keep('no film, but a file')
  const made = (await service.post('/api/signing-keys', { name: 'shop' })).json()
  const { playback_epoch: epoch } = (await service.get(`/api/videos/${id}`)).json()
  const original = await service.get(playPath(made.key, id, 'original', { grant: 'o', epoch }))
  t.strictSame([original.statusCode, original.body], [200, 'no film, but a file'])
  t.equal((await service.get(playPath(made.key, id, 'original'))).json().code, 'PLAYBACK_DENIED')
})

t.test('Python', { skip: await isMissing('python3') }, async t => {
  const calls = vectors.map(
    ({ file, seconds, grant, epoch, now }) =>
      `print(play_path("${key}", "${video}", "${file}", ${seconds}, "${grant}", ${epoch}, ${now}))`
  )
  const file = path.join(t.testdir(), 'sign.py')
  t.strictSame(await printed('python3', [], file, [codeIn('python'), ...calls].join('\n')), expected)
})

t.test('PHP', { skip: await isMissing('php') }, async t => {
  const calls = vectors.map(
    ({ file, seconds, grant, epoch, now }) =>
      `echo play_path('${key}', '${video}', '${file}', ${seconds}, '${grant}', ${epoch}, ${now}), "\\n";`
  )
  const file = path.join(t.testdir(), 'sign.php')
  t.strictSame(await printed('php', ['-f'], file, ['<?php', codeIn('php'), ...calls].join('\n')), expected)
})

t.test('SQL', async t => {
  const client = new pg.Client({ connectionString: await borrowDatabase(t) })
  await client.connect()
  t.teardown(() => client.end())
  await client.query(codeIn('sql'))
  for (const { file, seconds, grant, epoch, now, expected } of vectors) {
    const values = [key, video, file, seconds, grant, epoch, now]
    const { rows } = await client.query('select play_path($1, $2, $3, $4, $5, $6, to_timestamp($7)) as path', values)
    t.equal(rows[0].path, expected)
  }
})
