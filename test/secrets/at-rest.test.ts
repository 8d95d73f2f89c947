import { randomBytes } from 'node:crypto'
import t from 'tap'
import { seal, unseal } from '../../src/secrets/at-rest.ts'

t.test('a sealed secret opens with its key, for its owner, unchanged', t => {
  const [key, secret] = [randomBytes(32), randomBytes(32)]
  const sealed = seal(key, secret, 'one')

  t.ok(unseal(key, sealed, 'one').equals(secret))
  t.equal(sealed.indexOf(secret.subarray(0, 8)), -1)
  t.notOk(seal(key, secret, 'one').equals(sealed), 'the same secret looks different each time')
  t.throws(() => unseal(randomBytes(32), sealed, 'one'), /another master secret/)
  t.throws(() => unseal(key, sealed, 'two'), /another master secret/)
  for (const at of [0, 12, 28, sealed.length - 1]) {
    const changed = Buffer.from(sealed)
    changed[at]! ^= 1
    t.throws(() => unseal(key, changed, 'one'), /another master secret/, `byte ${at}`)
  }
  t.throws(() => unseal(key, sealed.subarray(0, 20), 'one'), /too short/)
  t.end()
})
