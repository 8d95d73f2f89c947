const { existsSync, readFileSync } = require('node:fs')
const { enableCompileCache, registerHooks } = require('node:module')
const path = require('node:path')
const { pathToFileURL } = require('node:url')

// Loaded before a test file and before what tap adds. tap reads every module once more, for coverage that is never
// asked for, and has all that a test starts do so, too: half a second of CPU for each test file.
process.env._TAPJS_PROCESSINFO_EXCLUDE_ = '/./'
delete process.env.NODE_OPTIONS

// As scripts/prepare says it, for a `tap run` without it; what a test starts inherits it.
const cache = path.resolve(__dirname, '../../node_modules/.cache')
process.env.NODE_COMPILE_CACHE ??= path.join(cache, 'compile')
enableCompileCache(process.env.NODE_COMPILE_CACHE)

// What `packages.ts` has bundled.
const packages = path.join(process.env.TEST_HOME ?? path.join(cache, 'darkroom-test'), 'packages')
const list = path.resolve(packages, 'list.json')
// `before.ts` bundles them anew.
if (existsSync(list) && path.basename(process.argv[1] ?? '') !== 'before.ts') {
  const bundled = new Map(Object.entries(JSON.parse(readFileSync(list, 'utf8'))))
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context)
      // It bundles typebox itself, from where it is installed.
      if (context.parentURL?.endsWith('/one-file.ts')) return found
      const file = bundled.get(found.url)
      return file
        ? { url: pathToFileURL(path.resolve(packages, file)).href, format: 'module', shortCircuit: true }
        : found
    }
  })
}
