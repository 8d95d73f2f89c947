import { readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { openSecrets } from '../../src/secrets/master.ts'

t.test('the first start writes a secret that only its account can read, and later starts use it', async t => {
  const dir = t.testdir()
  const first = await openSecrets(dir, undefined)
  const file = path.join(dir, 'secret.key')

  t.equal((await stat(file)).mode & 0o777, 0o600)
  t.match(await readFile(file, 'utf8'), /^[\da-f]{64}\n$/)
  const again = await openSecrets(dir, undefined)
  t.strictSame(again('play'), first('play'))
  t.notSame(first('play'), first('tickets'), 'each use has a key of its own')
  t.equal(first('play').length, 32)
})

t.test('processes that start at the same time agree on one secret', async t => {
  const dir = t.testdir()
  const opened = await Promise.all(Array.from({ length: 8 }, () => openSecrets(dir, undefined)))

  t.equal(new Set(opened.map(secrets => secrets('play').toString('hex'))).size, 1)
})

t.test('a secret from SECRET_KEY_FILE, which must exist and fit', async t => {
  const dir = t.testdir({ 'secret.txt': `${'0f'.repeat(32)}\n`, 'short.txt': 'abc' })
  const secrets = await openSecrets(path.join(dir, 'data'), path.join(dir, 'secret.txt'))

  t.equal(secrets('play').length, 32)
  await t.rejects(openSecrets(dir, path.join(dir, 'short.txt')), /must be 64 hexadecimal digits/)
  await t.rejects(openSecrets(dir, path.join(dir, 'none.txt')), { code: 'ENOENT' })
  await writeFile(path.join(dir, 'secret.key'), '')
  await t.rejects(openSecrets(dir, undefined), /secret.key must be 64/, 'a damaged one is not replaced')
})
