const { enableCompileCache } = require('node:module')
const path = require('node:path')

// Loaded before a test file and before what tap adds. tap reads every module once more, for coverage that is never
// asked for, and has all that a test starts do so, too: half a second of CPU for each test file.
process.env._TAPJS_PROCESSINFO_EXCLUDE_ = '/./'
delete process.env.NODE_OPTIONS

// As scripts/prepare says it, for a `tap run` without it; what a test starts inherits it.
process.env.NODE_COMPILE_CACHE ??= path.resolve(__dirname, '../../node_modules/.cache/compile')
enableCompileCache(process.env.NODE_COMPILE_CACHE)
