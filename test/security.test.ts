import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'

const root = path.resolve(import.meta.dirname, '..')
const read = (name: string) => readFile(path.join(root, name), 'utf8')

t.test('each line of SECURITY.md names tests that exist', async t => {
  const rows = (await read('SECURITY.md')).split('\n').filter(line => /^\| \d+\.\d|`test\//.test(line))

  t.ok(rows.length > 20)
  for (const row of rows) {
    const tests = [
      ...row
        .split('|')
        .at(-2)!
        .matchAll(/`(test\/[^`]+)`/g)
    ].map(([, name]) => name!)
    t.ok(tests.length > 0, row)
    for (const name of tests) t.ok(existsSync(path.join(root, name)), name)
  }
})

t.test('packages have exact versions, with checksums in the lock file', async t => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(await read('package.json'))
  const { packages } = JSON.parse(await read('package-lock.json'))
  const all = { ...dependencies, ...devDependencies, ...optionalDependencies }

  t.strictSame(
    Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(String(version))),
    []
  )
  const entries = Object.entries<{ integrity?: string; link?: boolean }>(packages)
  const installed = entries.filter(([name, { link }]) => name !== '' && !link)
  t.strictSame(
    installed.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([name]) => name),
    []
  )
  t.match(await read('.npmrc'), /^min-release-age=7$/m)
})
