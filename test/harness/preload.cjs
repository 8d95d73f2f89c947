const { enableCompileCache } = require('node:module')
const path = require('node:path')

// Loaded before a test file and before what tap adds. tap reads every module once more, for coverage that is never
// asked for, and has all that a test starts do so, too: half a second of CPU for each test file.
process.env._TAPJS_PROCESSINFO_EXCLUDE_ = '/./'
delete process.env.NODE_OPTIONS

// As scripts/prepare says it, for a `tap run` without it; what a test starts inherits it.
const cache = path.resolve(__dirname, '../../node_modules/.cache')
process.env.NODE_COMPILE_CACHE ??= path.join(cache, 'compile')
enableCompileCache(process.env.NODE_COMPILE_CACHE)

// As the commands do; `before.ts` has made the files.
require('../../src/bundle/packages.ts').takePackages()
