/**
 * `npm run client`: makes one module of src/client, with its types, in the folder client/. Both files are checked in, so
 * that `darkroom/client` needs no build, no esbuild and no types to strip, which Node refuses to do below node_modules.
 */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { bundle } from '../../src/bundle/bundle.ts'
import { declare } from './declare.ts'

const root = path.resolve(import.meta.dirname, '../..')
const note = '// Made of src/client by `npm run client`; a test compares.\n'

export async function makeClient(folder: string) {
  await bundle(path.join(root, 'src/client/client.ts'), path.join(folder, 'index.js'), {
    platform: 'neutral',
    target: 'es2022',
    banner: { js: note.trimEnd() }
  })
  await writeFile(path.join(folder, 'index.d.ts'), `${note}${await declare(root)}`)
}

if (import.meta.main) await makeClient(path.join(root, 'client'))
